//! From numbers to positions, and the numbers worth a tick.

use crate::table::format_number;

/// How an axis spaces its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Equal differences are equally far apart.
    #[default]
    Linear,
    /// Equal ratios are equally far apart; numbers that are not positive cannot be shown.
    Log,
}

impl Scale {
    /// The number on which positions are linear.
    fn warp(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => value.log10(),
        }
    }

    /// Whether the axis can show the number.
    pub fn shows(self, value: f64) -> bool {
        value.is_finite() && (self == Self::Linear || value > 0.0)
    }
}

/// An axis that covers its data with some room at both ends.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

/// Share of the data's extent that is left free at each end.
const MARGIN: f64 = 0.06;

/// How far, as a share of the methods' extent, controls may stretch an axis.
const STRETCH: f64 = 0.25;

/// Extents below this are rounding errors.
const LEAST_EXTENT: f64 = 1e-12;

const EMPTY: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

impl Axis {
    /// Covers `values` between the positions `start` and `end`; values that the scale cannot show are ignored.
    pub(super) fn covering(scale: Scale, values: impl Iterator<Item = f64>, ends: (f64, f64)) -> Self {
        Self::stretched(scale, values, std::iter::empty(), ends)
    }

    /// Covers all of `values`, and of `others` what lies within a quarter of their extent beyond them.
    ///
    /// A control that is worse by orders of magnitude must not press the methods into one line.
    pub(super) fn stretched(
        scale: Scale,
        values: impl Iterator<Item = f64>,
        others: impl Iterator<Item = f64>,
        (start, end): (f64, f64),
    ) -> Self {
        let extent = |values: &mut dyn Iterator<Item = f64>| {
            let shown = values
                .filter(|value| scale.shows(*value))
                .map(|value| scale.warp(value));
            shown.fold(EMPTY, |(low, high), value| (low.min(value), high.max(value)))
        };
        let (own, other) = (extent(&mut values.into_iter()), extent(&mut others.into_iter()));
        let (low, high) = match (own.0 <= own.1, other.0 <= other.1) {
            (true, true) => {
                let reach = (own.1 - own.0).max(LEAST_EXTENT) * STRETCH;
                (
                    own.0.min(other.0.max(own.0 - reach)),
                    own.1.max(other.1.min(own.1 + reach)),
                )
            }
            (true, false) => own,
            (false, true) => other,
            (false, false) => (0.0, 1.0),
        };
        // A single value needs an extent of its own.
        let room = if high - low > LEAST_EXTENT {
            (high - low) * MARGIN
        } else {
            0.5 * high.abs().max(0.2)
        };
        Self {
            scale,
            low: low - room,
            high: high + room,
            start,
            end,
        }
    }

    /// The same axis with its end moved.
    pub(super) fn ending_at(self, end: f64) -> Self {
        Self { end, ..self }
    }

    /// Whether the axis reaches the number.
    pub(super) fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&self.scale.warp(value))
    }

    /// Where a number lies; beyond the ends if it is outside the axis.
    pub(super) fn position(&self, value: f64) -> f64 {
        let share = (self.scale.warp(value) - self.low) / (self.high - self.low);
        self.start + share * (self.end - self.start)
    }

    /// Between four and ten round numbers inside the axis, ascending.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => linear_ticks(self.low, self.high),
            Scale::Log => log_ticks(self.low, self.high),
        }
    }
}

/// A tick's text: plain digits from a thousandth to a million, powers of ten elsewhere.
pub(super) fn tick_label(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        format_number(value)
    } else {
        format!("{value:.1e}").replace(".0e", "e")
    }
}

fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let decade = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * decade >= rough)
        .unwrap_or(10.0);
    let step = factor * decade;
    let count = (high / step).floor() as i64 - (low / step).ceil() as i64;
    let first = (low / step).ceil();
    // Multiplying keeps the ticks exact where repeated addition would drift.
    (0..=count.max(0)).map(|index| (first + index as f64) * step).collect()
}

/// `low` and `high` are exponents of ten.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let factors: &[f64] = match high - low {
        span if span > 3.0 => &[1.0],
        span if span > 0.9 => &[1.0, 2.0, 5.0],
        // Less than a decade: round numbers in the number itself are denser than powers of ten.
        _ => return linear_ticks(10f64.powf(low), 10f64.powf(high)),
    };
    let decades = low.floor() as i32..=high.ceil() as i32;
    let all: Vec<f64> = decades
        .flat_map(|decade| factors.iter().map(move |factor| factor * 10f64.powi(decade)))
        .collect();
    let inside: Vec<f64> = all
        .into_iter()
        .filter(|tick| (low..=high).contains(&tick.log10()))
        .collect();
    let stride = inside.len().div_ceil(10);
    inside.into_iter().step_by(stride.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_axis_spaces_equal_ratios_equally() {
        let axis = Axis::covering(Scale::Log, [1.0, 100.0].into_iter(), (0.0, 112.0));
        let gap = axis.position(10.0) - axis.position(1.0);
        assert!((axis.position(100.0) - axis.position(10.0) - gap).abs() < 1e-9);
        assert!((axis.position(1.0) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn others_stretch_the_axis_by_a_quarter_at_most() {
        let axis = Axis::stretched(Scale::Log, [1.0, 1e4].into_iter(), [1e9].into_iter(), (0.0, 1.0));
        assert!(axis.contains(9e4) && !axis.contains(1e6));
        let axis = Axis::stretched(Scale::Log, [1.0, 1e4].into_iter(), [2e4].into_iter(), (0.0, 1.0));
        assert!(axis.contains(2e4) && !axis.contains(1e5));
        let axis = Axis::stretched(Scale::Log, std::iter::empty(), [1.0, 1e9].into_iter(), (0.0, 1.0));
        assert!(axis.contains(1e9));
    }

    #[test]
    fn ticks_are_round_few_and_inside() {
        for (low, high) in [(18.0, 1e5), (18.0, 95.0), (18.0, 21.0), (0.001, 0.5), (1.0, 1e30)] {
            let axis = Axis::covering(Scale::Log, [low, high].into_iter(), (0.0, 100.0));
            let ticks = axis.ticks();
            assert!((3..=11).contains(&ticks.len()), "{low}..{high}: {ticks:?}");
            assert!(
                ticks.iter().all(|tick| (-0.1..=100.1).contains(&axis.position(*tick))),
                "{ticks:?}"
            );
        }
        assert_eq!(linear_ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
    }

    #[test]
    fn tick_labels_are_short() {
        let labels: Vec<String> = [0.6000000000000001, 20.0, 1e6, 2e7, 0.0].map(tick_label).to_vec();
        assert_eq!(labels, ["0.6", "20", "1e6", "2e7", "0"]);
    }

    #[test]
    fn no_data_and_one_value_still_make_an_axis() {
        for values in [vec![], vec![3.0], vec![0.0], vec![f64::NAN]] {
            let axis = Axis::covering(Scale::Linear, values.into_iter(), (0.0, 100.0));
            assert!(axis.position(3.0).is_finite() && !axis.ticks().is_empty());
        }
    }
}
