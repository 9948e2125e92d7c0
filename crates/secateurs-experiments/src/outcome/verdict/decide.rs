//! The decision on a question, from the two rows that it is about.

use super::answer::{Better, Conclusion};
use super::band::Band;
use crate::outcome::{Row, Spread};

/// Standard errors of a difference beyond which it is no chance.
const DECISIVE: f64 = 2.0;

/// Decides on a number beside the best control's.
pub(super) fn decide_beside(better: Better, ours: &Row, control: &Row, n_seeds: usize) -> Conclusion {
    let cost = cost_of(better, ours);
    // A method that broke the model has not held, whatever its controls did.
    if !cost.is_finite() {
        return Conclusion::Fails;
    }
    let error = standard_error_of_difference(ours, control, n_seeds);
    decide(cost_of(better, control) - cost, error, cost < cost_of(better, control))
}

/// Decides on a number that must lie in a band.
pub(super) fn decide_within(band: Band, ours: &Row, n_seeds: usize) -> Conclusion {
    let Some(value) = ours.value() else {
        return Conclusion::Fails;
    };
    let margin = band.margin(value);
    decide(margin, standard_error(ours, n_seeds), margin >= 0.0)
}

/// A number that is lower for a better row; infinite if the row has no finite number.
pub(super) fn cost_of(better: Better, row: &Row) -> f64 {
    row.value().map_or(f64::INFINITY, |value| match better {
        Better::Lower => value,
        Better::Higher => -value,
    })
}

fn decide(margin: f64, error: Option<f64>, is_better: bool) -> Conclusion {
    match (is_better, error) {
        (true, None) => Conclusion::HoldsOnce,
        (false, None) => Conclusion::Fails,
        (true, Some(error)) if margin > DECISIVE * error || error == 0.0 => Conclusion::Holds,
        (false, Some(error)) if margin < -DECISIVE * error || error == 0.0 => Conclusion::Fails,
        _ => Conclusion::Undecided,
    }
}

/// The standard error of the difference of two rows; `None` if neither has a spread.
///
/// `sqrt(e_a^2 + e_b^2)`, where a row without a spread, such as a method that no seed changes, adds nothing.
fn standard_error_of_difference(a: &Row, b: &Row, n_seeds: usize) -> Option<f64> {
    match (standard_error(a, n_seeds), standard_error(b, n_seeds)) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0.0).hypot(b.unwrap_or(0.0))),
    }
}

/// The standard error of a row, from the deviation of its own samples or of the seeds of the outcome.
fn standard_error(row: &Row, n_seeds: usize) -> Option<f64> {
    match row.spread()? {
        Spread::Deviation(deviation) => {
            let samples = row.samples().unwrap_or(n_seeds).max(1);
            Some(deviation / (samples as f64).sqrt())
        }
        Spread::StandardError(error) => Some(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(method: &str, value: f64) -> Row {
        Row::new(method, "m", value)
    }

    fn beside(better: Better, ours: &Row, control: &Row) -> Conclusion {
        decide_beside(better, ours, control, 4)
    }

    #[test]
    fn a_difference_counts_beyond_two_standard_errors() {
        // Deviations of 3 and 4 over four seeds: errors of 1.5 and 2, together 2.5, so 5 is the limit.
        let control = row("b", 20.0).deviation(4.0);
        let at = |ours: f64| beside(Better::Lower, &row("a", ours).deviation(3.0), &control);
        assert_eq!(at(14.9), Conclusion::Holds);
        assert_eq!(at(15.1), Conclusion::Undecided);
        assert_eq!(at(24.9), Conclusion::Undecided);
        assert_eq!(at(25.1), Conclusion::Fails);
        // Standard errors are taken as they are: 1 and 1, so 2.83 is the limit.
        let error = |value: f64| row("a", value).standard_error(1.0);
        assert_eq!(beside(Better::Higher, &error(2.9), &error(0.0)), Conclusion::Holds);
        assert_eq!(beside(Better::Higher, &error(2.7), &error(0.0)), Conclusion::Undecided);
    }

    #[test]
    fn a_row_may_have_other_samples_than_the_outcome_has_seeds() {
        let hundred: Vec<f64> = (0..100).map(|n| 10.0 + f64::from(n % 2)).collect();
        let ours = Row::mean_with_deviation("a", "m", &hundred);
        let control = Row::mean_with_deviation("b", "m", &[10.6]);
        // A deviation of about 0.5: an error of 0.05 over 100 samples and of 0.25 over four.
        assert_eq!(ours.samples(), Some(100));
        let control_at = |value: f64| row("b", value);
        assert_eq!(beside(Better::Lower, &ours, &control_at(10.65)), Conclusion::Holds);
        assert_eq!(beside(Better::Lower, &ours, &control), Conclusion::Undecided);
    }

    #[test]
    fn single_measurements_and_broken_models_are_said_as_such() {
        let lower = |ours: f64, control: f64| beside(Better::Lower, &row("a", ours), &row("b", control));
        assert_eq!(lower(1.0, 2.0), Conclusion::HoldsOnce);
        assert_eq!(lower(1.0, f64::INFINITY), Conclusion::HoldsOnce);
        assert_eq!(lower(f64::INFINITY, f64::INFINITY), Conclusion::Fails);
        assert_eq!(lower(2.0, 2.0), Conclusion::Fails);
        assert_eq!(
            beside(Better::Higher, &row("a", 1.0), &row("b", 2.0)),
            Conclusion::Fails
        );
    }

    #[test]
    fn a_band_is_kept_beyond_two_standard_errors_of_its_bounds() {
        let at_least_one = Band {
            at_least: Some(1.0),
            at_most: None,
        };
        let within = |row: Row| decide_within(at_least_one, &row, 4);
        assert_eq!(within(row("a", 1.0).standard_error(0.0)), Conclusion::Holds);
        assert_eq!(within(row("a", 0.9).standard_error(0.0)), Conclusion::Fails);
        assert_eq!(within(row("a", 1.3).standard_error(0.1)), Conclusion::Holds);
        assert_eq!(within(row("a", 0.9).standard_error(0.1)), Conclusion::Undecided);
        assert_eq!(within(row("a", 0.7).standard_error(0.1)), Conclusion::Fails);
        assert_eq!(within(row("a", 1.3)), Conclusion::HoldsOnce);
        assert_eq!(within(row("a", f64::INFINITY)), Conclusion::Fails);
        let exactly = Band {
            at_least: Some(3.0),
            at_most: Some(3.0),
        };
        assert_eq!(decide_within(exactly, &row("a", 3.0), 1), Conclusion::HoldsOnce);
        assert_eq!(decide_within(exactly, &row("a", 3.5), 1), Conclusion::Fails);
        assert_eq!(
            [exactly.to_string(), at_least_one.to_string()],
            ["exactly 3", "at least 1"]
        );
    }
}
