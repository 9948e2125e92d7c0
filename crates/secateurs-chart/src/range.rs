//! The range of an axis that decides.

use crate::axis::Scale;

/// Number of values below which none is far from the others.
const LEAST_VALUES: usize = 8;
/// Distance from the upper quartile, in ranges of the quartiles, beyond which a value is far away.
const FENCE: f64 = 2.0;
/// Values are left out only if the others take at most this share of the axis.
const WORTHWHILE: f64 = 0.7;

/// The values up to a fence above the upper quartile, if that makes the others much easier to tell apart.
pub(crate) fn leave_out_the_far(scale: Scale, values: Vec<f64>) -> Vec<f64> {
    let mut shown: Vec<f64> = values.iter().copied().filter(|value| scale.shows(*value)).collect();
    if shown.len() < LEAST_VALUES {
        return values;
    }
    shown.sort_by(f64::total_cmp);
    let quantile = |share: f64| scale.warp(shown[(share * (shown.len() - 1) as f64) as usize]);
    let fence = quantile(0.75) + FENCE * (quantile(0.75) - quantile(0.25));
    let extent = |high: f64| high - quantile(0.0);
    let near = shown
        .iter()
        .map(|value| scale.warp(*value))
        .filter(|value| *value <= fence);
    let highest = near.fold(f64::NEG_INFINITY, f64::max);
    if extent(highest) <= 0.0 || extent(highest) > WORTHWHILE * extent(quantile(1.0)) {
        return values;
    }
    shown.retain(|value| scale.warp(*value) <= fence);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_explodes_does_not_press_the_others_into_one_line() {
        let values = vec![44.0, 45.0, 46.0, 50.0, 53.0, 57.0, 60.0, 68.0, 95.0, 2600.0];
        let near = leave_out_the_far(Scale::Log, values.clone());
        assert_eq!(near, values[..9]);
    }

    #[test]
    fn evenly_spread_or_few_values_stay() {
        let even: Vec<f64> = (0..20).map(|at| 10f64.powf(f64::from(at) / 5.0)).collect();
        assert_eq!(leave_out_the_far(Scale::Log, even.clone()), even);
        let few = vec![1.0, 1.1, 1e6];
        assert_eq!(leave_out_the_far(Scale::Log, few.clone()), few);
        let course: Vec<f64> = [vec![0.0; 3], vec![1.0; 20]].concat();
        assert_eq!(leave_out_the_far(Scale::Linear, course.clone()), course);
    }
}
