//! Distances of estimated effects from the truth.

use crate::data::scale::ColumnScale;
use crate::data::study::{Outcomes, Study, check_column};
use crate::error::{Arm, Column};
use crate::{CausalError, Result};

/// The error of individual effects: `sqrt(mean_i (effect_i - (mu1_i - mu0_i))^2)`.
///
/// PEHE is short for *precision in estimation of heterogeneous effects*.
///
/// # Errors
///
/// If the true outcomes are not known, or the effects do not fit the study or hold NaN or infinity.
///
/// # References
///
/// Hill, *Bayesian Nonparametric Modeling for Causal Inference*, 2011.
pub fn pehe(effects: &[f64], study: &Study) -> Result<f64> {
    let truth = study.truth()?.effects();
    check_column(Column::Effects, truth.len(), effects)?;
    let squares = effects
        .iter()
        .zip(&truth)
        .map(|(effect, truth)| (effect - truth).powi(2));
    Ok((squares.sum::<f64>() / truth.len() as f64).sqrt())
}

/// The squared error of the observed outcomes: `mean_i (mu_{t_i}(x_i) - y_i)^2`. It can be known without the true
/// effects.
///
/// # Errors
///
/// If there are not as many outcomes as rows, or one is NaN or infinite.
pub fn factual_error(outcomes: &Outcomes, study: &Study) -> Result<f64> {
    check_column(Column::Estimated(Arm::Control), study.rows(), &outcomes.mu0)?;
    check_column(Column::Estimated(Arm::Treated), study.rows(), &outcomes.mu1)?;
    let observed = outcomes.under(study.treated());
    let squares = observed.iter().zip(study.outcome()).map(|(mu, y)| (mu - y).powi(2));
    Ok(squares.sum::<f64>() / study.rows() as f64)
}

/// The average effect.
///
/// # Errors
///
/// If there is none, or one is NaN or infinite.
pub fn average_effect(effects: &[f64]) -> Result<f64> {
    Ok(Summary::of(effects)?.mean)
}

/// The error of the average effect: `|mean_i effect_i - mean_i (mu1_i - mu0_i)|`.
///
/// # Errors
///
/// If the true outcomes are not known, or the effects do not fit the study or hold NaN or infinity.
pub fn average_effect_error(effects: &[f64], study: &Study) -> Result<f64> {
    let truth = study.truth()?.effects();
    check_column(Column::Effects, truth.len(), effects)?;
    Ok((average_effect(effects)? - average_effect(&truth)?).abs())
}

/// The loss from treating the rows with a positive estimated effect, instead of the rows with a positive true effect:
/// `mean_i max(mu0_i, mu1_i) - mean_i mu_{pi_i, i}` with `pi_i = 1` where `effect_i > 0`. Higher outcomes are better.
///
/// # Errors
///
/// If the true outcomes are not known, or the effects do not fit the study or hold NaN or infinity.
pub fn policy_regret(effects: &[f64], study: &Study) -> Result<f64> {
    let truth = study.truth()?;
    check_column(Column::Effects, study.rows(), effects)?;
    let lost = effects.iter().zip(truth.mu0.iter().zip(&truth.mu1));
    let lost = lost.map(|(effect, (mu0, mu1))| mu0.max(*mu1) - if *effect > 0.0 { mu1 } else { mu0 });
    Ok(lost.sum::<f64>() / study.rows() as f64)
}

/// The risk of treating the rows with a positive estimated effect, from observed outcomes:
/// `1 - (E[y | pi = 1, t = 1] P(pi = 1) + E[y | pi = 0, t = 0] P(pi = 0))`.
///
/// It estimates 1 less the expected outcome of the policy if the treatment of the given rows was randomised: pass only
/// these ([`Study::select`]). Meant for outcomes between 0 and 1; higher ones are better.
///
/// # Errors
///
/// If the effects do not fit the study or hold NaN or infinity, or the policy assigns an arm only to rows that were in
/// the other one.
///
/// # References
///
/// Shalit, Johansson, Sontag, *Estimating Individual Treatment Effect*, 2017, section 5.1, arXiv:1606.03976.
pub fn policy_risk(effects: &[f64], study: &Study) -> Result<f64> {
    check_column(Column::Effects, study.rows(), effects)?;
    let mut value = 0.0;
    for arm in Arm::BOTH {
        let given = |row: &usize| usize::from(effects[*row] > 0.0) == arm.index();
        let rows: Vec<usize> = (0..study.rows()).filter(given).collect();
        let observed = rows.iter().filter(|row| study.arm(**row) == arm);
        let outcomes: Vec<f64> = observed.map(|&row| study.outcome()[row]).collect();
        match (rows.len(), outcomes.len()) {
            (0, _) => {}
            (rows, 0) => return Err(CausalError::NoOverlap { arm, rows }),
            (rows, n) => value += outcomes.iter().sum::<f64>() / n as f64 * rows as f64 / study.rows() as f64,
        }
    }
    Ok(1.0 - value)
}

/// Mean and spread of values, such as one for each task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Number of values.
    pub n: usize,
    /// Mean of the values.
    pub mean: f64,
    /// Standard deviation `sqrt(sum (v - mean)^2 / (n - 1))`; 0 for a single value.
    pub deviation: f64,
}

impl Summary {
    /// Summarises some values.
    ///
    /// # Errors
    ///
    /// If there is none, or one is NaN or infinite.
    pub fn of(values: &[f64]) -> Result<Self> {
        let n = values.len();
        if n == 0 {
            return Err(CausalError::TooFewRows {
                what: "values",
                least: 1,
                got: 0,
            });
        }
        check_column(Column::Values, n, values)?;
        let scale = ColumnScale::standard(values);
        // Scales divide by n.
        let deviation = scale.unit() * (n as f64 / (n.max(2) - 1) as f64).sqrt();
        let mean = scale.origin();
        Ok(Self { n, mean, deviation })
    }

    /// Standard error of the mean, `deviation / sqrt(n)`.
    pub fn standard_error(&self) -> f64 {
        self.deviation / (self.n as f64).sqrt()
    }
}
