//! Means with their standard errors, arithmetic and geometric.

use crate::outcome::Row;

/// The mean of samples, with its standard error as spread.
pub(super) fn mean_row(method: &str, metric: &str, samples: &[f64]) -> Row {
    let (mean, error) = mean_and_error(samples);
    // What cancels out leaves rounding errors.
    let mean = if mean.abs() < 1e-12 { 0.0 } else { mean };
    with_spread(Row::new(method, metric, mean), error)
}

/// The geometric mean of positive samples, with the standard error of the mean logarithm times it as spread.
pub(super) fn geometric_row(method: &str, metric: &str, samples: &[f64]) -> Row {
    let logarithms: Vec<f64> = samples.iter().map(|sample| sample.ln()).collect();
    let (mean, error) = mean_and_error(&logarithms);
    with_spread(
        Row::new(method, metric, mean.exp()),
        error.map(|error| error * mean.exp()),
    )
}

/// Standard deviation within groups of samples of different means; `None` if no group has two.
pub(super) fn pooled_deviation(groups: &[Vec<f64>]) -> Option<f64> {
    let (mut squares, mut freedom) = (0.0, 0);
    for group in groups.iter().filter(|group| group.len() > 1) {
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        squares += group.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>();
        freedom += group.len() - 1;
    }
    (freedom > 0).then(|| (squares / freedom as f64).sqrt())
}

fn with_spread(row: Row, error: Option<f64>) -> Row {
    match error {
        Some(error) => row.spread(error),
        None => row,
    }
}

fn mean_and_error(samples: &[f64]) -> (f64, Option<f64>) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / n;
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    (mean, (samples.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_standard_errors() {
        // Deviation 2, four samples: error 1.
        let row = mean_row("a", "m", &[1.0, 1.0, 1.0, 5.0]);
        assert_eq!((row.value(), row.spread_value()), (Some(2.0), Some(1.0)));
        assert_eq!(mean_row("a", "m", &[3.0]).spread_value(), None);
        let row = geometric_row("a", "m", &[1.0, 100.0]);
        assert!((row.value().unwrap() - 10.0).abs() < 1e-12);
        // ln 10 is half of the distance, which is the error of two samples.
        assert!((row.spread_value().unwrap() - 10.0 * 10f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn deviations_are_pooled_within_groups() {
        // Squares 2 and 8 around means of 1 and 12, one degree of freedom each.
        let groups = [vec![0.0, 2.0], vec![10.0, 14.0], vec![7.0]];
        assert!((pooled_deviation(&groups).unwrap() - 5f64.sqrt()).abs() < 1e-12);
        assert_eq!(pooled_deviation(&[vec![1.0]]), None);
    }
}
