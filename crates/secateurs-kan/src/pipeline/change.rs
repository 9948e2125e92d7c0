//! How much outputs change.

/// The greatest change of an output; NaN if one is.
pub(super) fn greatest_change(before: &[Vec<f64>], after: &[Vec<f64>]) -> f64 {
    let changes = before.iter().zip(after).map(|(before, after)| change(before, after));
    // `f64::max` would pass over NaN.
    changes.fold(0.0, |greatest, change| {
        let is_worse = change > greatest || change.is_nan();
        if is_worse { change } else { greatest }
    })
}

/// Root mean square of a change as a share of the deviation before it; NaN or infinite where values are.
fn change(before: &[f64], after: &[f64]) -> f64 {
    let n = before.len().max(1) as f64;
    let mean = before.iter().sum::<f64>() / n;
    let variance = before.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    let square = before.iter().zip(after).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / n;
    if square == 0.0 {
        return 0.0;
    }
    // A constant has a size only.
    let scale = if variance > f64::EPSILON * mean.powi(2) {
        variance
    } else {
        mean.powi(2)
    };
    (square / scale).sqrt()
}
