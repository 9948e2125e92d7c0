//! The numbers worth a tick.

/// Multiples of 1, 2, 2.5 or 5 of a power of ten between two numbers.
pub(crate) fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let decade = 10f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 2.5, 5.0].into_iter();
    let factor = factors.into_iter().find(|factor| factor * decade >= rough);
    let step = factor.unwrap_or(10.0) * decade;
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    // Multiplying keeps the ticks exact where repeated addition would drift.
    (first..=last).map(|index| index as f64 * step).collect()
}

/// Powers of ten, with 2 and 5 of them where they are few; `low` and `high` are exponents of ten.
pub(crate) fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let factors: &[f64] = match high - low {
        span if span > 3.0 => &[1.0],
        span if span > 0.9 => &[1.0, 2.0, 5.0],
        // Less than a decade: round numbers in the number itself are denser than powers of ten.
        _ => return linear_ticks(10f64.powf(low), 10f64.powf(high)),
    };
    let decades = low.floor() as i32..=high.ceil() as i32;
    let all = decades.flat_map(|decade| factors.iter().map(move |factor| factor * 10f64.powi(decade)));
    let inside: Vec<f64> = all.filter(|tick| (low..=high).contains(&tick.log10())).collect();
    let stride = inside.len().div_ceil(10);
    inside.into_iter().step_by(stride.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::axis::{Axis, Room, Scale};

    fn axis(scale: Scale, low: f64, high: f64) -> Axis {
        Axis::covering(scale, [low, high], Room::even(0.06)).between(0.0, 100.0)
    }

    fn check(axis: &Axis, least: usize) {
        let ticks = axis.ticks();
        assert!((least..=11).contains(&ticks.len()), "{axis:?}: {ticks:?}");
        assert!(
            ticks.iter().all(|tick| (-0.1..=100.1).contains(&axis.position(*tick))),
            "{ticks:?}"
        );
    }

    #[test]
    fn linear_ticks_are_round_few_and_inside() {
        for (low, high) in [
            (0.0, 1.0),
            (-3.2, 17.0),
            (1e5, 1.1e5),
            (-1e-4, 2e-4),
            (2.0, 2.0),
            (0.0, 0.0),
        ] {
            check(&axis(Scale::Linear, low, high), 2);
        }
        assert_eq!(linear_ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
    }

    #[test]
    fn log_ticks_are_round_few_and_inside() {
        for (low, high) in [(18.0, 1e5), (18.0, 95.0), (18.0, 21.0), (0.001, 0.5), (1.0, 1e30)] {
            check(&axis(Scale::Log, low, high), 3);
        }
    }

    proptest! {
        #[test]
        fn any_range_has_ticks_inside_that_cover_it(low in -1e6..1e6f64, extent in 1e-3..1e6f64) {
            let axis = axis(Scale::Linear, low, low + extent);
            let ticks = axis.ticks();
            prop_assert!((2..=11).contains(&ticks.len()), "{:?}", ticks);
            let at: Vec<f64> = ticks.iter().map(|tick| axis.position(*tick)).collect();
            prop_assert!(at.iter().all(|at| (-0.1..=100.1).contains(at)), "{:?}", at);
            prop_assert!(at[0] < 45.0 && at[at.len() - 1] > 55.0, "{:?}", at);
        }

        #[test]
        fn any_decades_have_ticks_inside(low in -20.0..20.0f64, decades in 0.05..30.0f64) {
            let ends = [low, low + decades].map(|exponent| 10f64.powf(exponent));
            check(&axis(Scale::Log, ends[0], ends[1]), 2);
        }
    }
}
