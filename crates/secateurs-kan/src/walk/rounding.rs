//! The last stage: rounds the constants of the formulas.

use secateurs_formula::Formula;

use super::change::greatest_change;
use super::losses::Losses;
use super::run::{Run, Walked};
use super::stage::{Tried, try_settings};
use super::{Attempt, Stage};
use crate::{KanError, Result};

impl Run<'_> {
    /// The formulas, rounded as far as the limits allow, or unchanged. `edges`: edges of the network that they are of.
    pub(super) fn round(&self, formulas: &[Formula], edges: usize, limits: &Losses) -> Result<Walked<Vec<Formula>>> {
        let before = values(formulas, &self.all_inputs)?;
        let mut attempts = Vec::new();
        let results = try_settings(&self.search.roundings, |rounding| {
            let rounded: Vec<Formula> = formulas.iter().map(|formula| formula.rounded(rounding)).collect();
            let after = values(&rounded, &self.all_inputs)?;
            let (loss, limit) = self.losses_or_infinite(&after).worst(limits);
            let attempt = Attempt {
                stage: Stage::Round(rounding),
                loss,
                limit,
                change: greatest_change(&before, &after, self.epsilon),
                most_change: self.search.budget.round,
                edges,
            };
            attempts.push(attempt);
            Ok::<_, KanError>(Some(Tried {
                result: rounded,
                is_accepted: attempt.accepted(),
            }))
        })?;
        Ok(Walked {
            taken: results.accepted().unwrap_or_else(|| formulas.to_vec()),
            attempts,
        })
    }
}

/// Values of each formula at rows.
fn values(formulas: &[Formula], x: &[f64]) -> Result<Vec<Vec<f64>>> {
    formulas.iter().map(|formula| Ok(formula.evaluate(x)?.0)).collect()
}
