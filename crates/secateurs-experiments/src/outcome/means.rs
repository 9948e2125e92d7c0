//! Rows of means, with their deviations or standard errors.

use super::row::Row;
use super::spread::{DEVIATION, STANDARD_ERROR};

impl Row {
    /// The mean of `samples` with their sample standard deviation (unknown below two samples).
    ///
    /// No samples give a `null` value.
    pub fn mean_with_deviation(method: &str, metric: &str, samples: &[f64]) -> Self {
        let moments = Moments::of(samples);
        let row = Self::new(method, metric, moments.mean);
        row.set_spread(DEVIATION, moments.variance.map(f64::sqrt).into())
            .set_samples(samples.len())
    }

    /// The mean of `samples` with its standard error, `deviation / sqrt(n)` (unknown below two samples).
    ///
    /// A mean below 1e-12 is 0: what cancels out leaves rounding errors.
    pub fn mean_with_error(method: &str, metric: &str, samples: &[f64]) -> Self {
        let moments = Moments::of(samples);
        let mean = if moments.mean.abs() < 1e-12 { 0.0 } else { moments.mean };
        Self::new(method, metric, mean)
            .set_spread(STANDARD_ERROR, moments.error().into())
            .set_samples(samples.len())
    }

    /// The geometric mean of positive samples, with the standard error of the mean logarithm times it.
    pub fn geometric_mean_with_error(method: &str, metric: &str, samples: &[f64]) -> Self {
        let logarithms: Vec<f64> = samples.iter().map(|sample| sample.ln()).collect();
        let moments = Moments::of(&logarithms);
        let mean = moments.mean.exp();
        let error = moments.error().map(|error| error * mean);
        Self::new(method, metric, mean)
            .set_spread(STANDARD_ERROR, error.into())
            .set_samples(samples.len())
    }
}

/// Standard deviation within groups of samples of different means; `None` if no group has two.
pub fn pool_deviations(groups: &[Vec<f64>]) -> Option<f64> {
    let (mut squares, mut freedom) = (0.0, 0);
    for group in groups.iter().filter(|group| group.len() > 1) {
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        squares += group.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>();
        freedom += group.len() - 1;
    }
    (freedom > 0).then(|| (squares / freedom as f64).sqrt())
}

/// Mean and sample variance.
struct Moments {
    n: f64,
    mean: f64,
    /// Unknown below two samples.
    variance: Option<f64>,
}

impl Moments {
    fn of(samples: &[f64]) -> Self {
        let n = samples.len() as f64;
        let mean = samples.iter().sum::<f64>() / n;
        let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
        Self {
            n,
            mean,
            variance: (samples.len() > 1).then(|| squares / (n - 1.0)),
        }
    }

    /// Standard error of the mean.
    fn error(&self) -> Option<f64> {
        self.variance.map(|variance| (variance / self.n).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Spread;

    #[test]
    fn mean_and_sample_deviation() {
        let row = Row::mean_with_deviation("wanda", "perplexity", &[1.0, 2.0, 3.0]);
        assert_eq!((row.value(), row.spread()), (Some(2.0), Some(Spread::Deviation(1.0))));
        let single = Row::mean_with_deviation("wanda", "perplexity", &[4.0]);
        assert_eq!((single.value(), single.spread()), (Some(4.0), None));
        assert_eq!(Row::mean_with_deviation("wanda", "perplexity", &[]).value(), None);
    }

    #[test]
    fn means_have_standard_errors() {
        // Deviation 2, four samples: error 1.
        let row = Row::mean_with_error("a", "m", &[1.0, 1.0, 1.0, 5.0]);
        assert_eq!(
            (row.value(), row.spread()),
            (Some(2.0), Some(Spread::StandardError(1.0)))
        );
        let single = Row::mean_with_error("a", "m", &[3.0]);
        assert_eq!(single.text("standard_error").as_deref(), Some("null"));
        let row = Row::geometric_mean_with_error("a", "m", &[1.0, 100.0]);
        assert!((row.value().unwrap() - 10.0).abs() < 1e-12);
        // ln 10 is half of the distance, which is the error of two samples.
        assert!((row.number("standard_error").unwrap() - 10.0 * 10f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn deviations_are_pooled_within_groups() {
        // Squares 2 and 8 around means of 1 and 12, one degree of freedom each.
        let groups = [vec![0.0, 2.0], vec![10.0, 14.0], vec![7.0]];
        assert!((pool_deviations(&groups).unwrap() - 5f64.sqrt()).abs() < 1e-12);
        assert_eq!(pool_deviations(&[vec![1.0]]), None);
    }
}
