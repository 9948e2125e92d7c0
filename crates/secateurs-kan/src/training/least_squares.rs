//! The objective of regression: squared errors on rows, and a penalty.

use burn::module::Module;
use burn::tensor::Tensor;

use super::config::FitConfig;
use super::objective::Objective;
use super::rows::{Rows, ScaledRows};
use crate::Result;
use crate::layers::layer::Covariance;
use crate::layers::network::Kan;
use crate::scaling::scale::Scale;

pub(super) struct LeastSquares<'a> {
    rows: ScaledRows,
    validation: Option<ScaledRows>,
    config: &'a FitConfig,
    /// Covariance of the first layer, for the penalty; none before the first step.
    first: Option<Covariance>,
}

impl<'a> LeastSquares<'a> {
    /// Errors on rows in the units of a network.
    pub(super) fn new(kan: &Kan, rows: Rows<'_>, validation: Option<Rows<'_>>, config: &'a FitConfig) -> Result<Self> {
        let weights = weights(kan, rows.y);
        let scaled = |rows, what| ScaledRows::new(kan, rows, what).map(|rows| rows.weighted(&weights));
        Ok(Self {
            rows: scaled(rows, "training rows")?,
            validation: validation.map(|rows| scaled(rows, "validation rows")).transpose()?,
            config,
            first: None,
        })
    }
}

impl Objective<Kan> for LeastSquares<'_> {
    fn loss(&self, kan: &Kan, _: usize) -> Tensor<1> {
        let rows = self.rows.on(kan);
        let error = rows.mean_square(kan);
        if self.config.penalty.lambda == 0.0 {
            return error;
        }
        let first = self.first.as_ref().expect("something was done before the step");
        error
            + self
                .config
                .penalty
                .with_covariance(kan, rows.x, &first.to_device(&kan.place().0))
    }

    fn validation(&self, kan: &Kan) -> Option<f64> {
        Some(self.validation.as_ref()?.mean_square(kan).into_scalar())
    }

    fn before_step(&mut self, kan: Kan, step: usize) -> Result<(Kan, bool)> {
        let x = &self.rows.x;
        let (kan, moved) = match &self.config.grids {
            Some(updates) => updates.before_step(kan, x, step)?,
            None => (kan, false),
        };
        if self.config.penalty.lambda != 0.0 && (moved || self.first.is_none()) {
            self.first = Some(kan.valid().covariance(x.clone()));
        }
        Ok((kan, moved))
    }
}

/// Weights that make errors shares of the deviation of their outcome; none where they are such shares already.
fn weights(kan: &Kan, y: &[f64]) -> Vec<f64> {
    let d_output = kan.d_output();
    let weight = |output: usize| {
        let column: Vec<f64> = y.iter().skip(output).step_by(d_output).copied().collect();
        (kan.scales().output(output).size() / Scale::of_outcome(&column).size()).abs()
    };
    let weights: Vec<f64> = (0..d_output).map(weight).collect();
    if weights.iter().all(|weight| *weight == 1.0) {
        return Vec::new();
    }
    weights
}
