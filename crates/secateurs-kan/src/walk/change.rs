//! Changes of outputs.

/// Number of units in the last place below which a deviation is rounding.
const ROUNDING: f64 = 64.0;

/// The greatest change of an output; NaN if any change is NaN. `epsilon`: relative precision of the network that
/// computed the outputs.
pub(super) fn greatest_change(before: &[Vec<f64>], after: &[Vec<f64>], epsilon: f64) -> f64 {
    let changes = before
        .iter()
        .zip(after)
        .map(|(before, after)| change(before, after, epsilon));
    // `f64::max` would pass over NaN.
    changes.fold(0.0, |greatest, change| {
        let is_worse = change > greatest || change.is_nan();
        if is_worse { change } else { greatest }
    })
}

/// Root mean square of a change as a share of the deviation before it; NaN or infinite where values are.
fn change(before: &[f64], after: &[f64], epsilon: f64) -> f64 {
    let n = before.len().max(1) as f64;
    let mean = before.iter().sum::<f64>() / n;
    let mean_square =
        |values: &mut dyn Iterator<Item = f64>| (values.map(|value| value * value).sum::<f64>() / n).sqrt();
    let deviation = mean_square(&mut before.iter().map(|value| value - mean));
    let change = mean_square(&mut before.iter().zip(after).map(|(a, b)| a - b));
    if change == 0.0 {
        return 0.0;
    }
    // A constant has a size only.
    let is_constant = deviation <= ROUNDING * epsilon * mean.abs();
    change / if is_constant { mean.abs() } else { deviation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shares_of_deviations_however_large_the_mean() {
        for mean in [0.0, 1e10] {
            let before = vec![vec![mean - 1e-3, mean + 1e-3]];
            let after = vec![vec![mean - 1e-3, mean + 1.5e-3]];
            let got = greatest_change(&before, &after, f64::EPSILON);
            assert!((got - 0.5f64.sqrt() / 2.0).abs() < 1e-2, "{got}");
        }
        let got = greatest_change(&[vec![2.0, 2.0]], &[vec![3.0, 3.0]], f64::EPSILON);
        assert_eq!(got, 0.5);
        assert!(
            greatest_change(
                &[vec![1.0, 2.0], vec![1.0, 2.0]],
                &[vec![1.0, 2.0], vec![f64::NAN, 2.0]],
                0.0
            )
            .is_nan()
        );
    }
}
