//! Checks for covariates that determine the arm of a row.

use crate::data::scale::range;
use crate::data::study::Study;
use crate::error::{Arm, Column};
use crate::{CausalError, Result};

/// Largest number of values for which a covariate may be a category.
const MOST_CATEGORIES: usize = 7;
/// Probability of separation by chance below which a covariate that separates the arms is refused.
const CHANCE: f64 = 1e-3;

impl Study {
    /// Refuses a covariate that is the treatment, or that separates the arms: its values show no row's outcome in the
    /// other arm.
    ///
    /// A covariate is the treatment if it is constant in each arm, with two values. It separates the arms if the ranges of its
    /// values in the two arms do not meet, or if it has at most 7 values, each of which occurs in one arm only; in studies so
    /// small that one of the covariates does so by chance in more than one of 1000 assignments of the treatments, this is no
    /// reason to refuse.
    pub(crate) fn check_overlap(&self) -> Result<()> {
        (0..self.d_input()).try_for_each(|index| self.check_covariate(index))
    }

    fn check_covariate(&self, index: usize) -> Result<()> {
        let column = Column::Covariate(index);
        let values = Arm::BOTH.map(|arm| distinct(self.rows_of(arm).into_iter().map(|row| self.row(row)[index])));
        if let [[control], [treated]] = values.each_ref().map(Vec::as_slice)
            && control != treated
        {
            return Err(CausalError::IsTreatment { column });
        }
        // Thresholds cut in one place, in two directions; categories join any of the arms.
        let n_values = values[0].len() + values[1].len();
        let log_ways = match n_values <= MOST_CATEGORIES {
            true => n_values as f64 * std::f64::consts::LN_2,
            false => std::f64::consts::LN_2,
        };
        let [control, treated] = values.each_ref().map(|values| range(values));
        let ranges_meet = control[0] <= treated[1] && treated[0] <= control[1];
        let shares_value = || values[0].iter().any(|value| values[1].contains(value));
        let is_apart = !ranges_meet || (n_values <= MOST_CATEGORIES && !shares_value());
        let chance = log_ways + (self.d_input() as f64).ln() - log_assignments(self.n_of(Arm::Control), self.rows());
        match is_apart && chance < CHANCE.ln() {
            true => Err(CausalError::Separates {
                column,
                control,
                treated,
            }),
            false => Ok(()),
        }
    }
}

fn distinct(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

/// The logarithm of the number of ways to choose some of the rows.
fn log_assignments(chosen: usize, rows: usize) -> f64 {
    (0..chosen).map(|k| ((rows - k) as f64 / (k + 1) as f64).ln()).sum()
}
