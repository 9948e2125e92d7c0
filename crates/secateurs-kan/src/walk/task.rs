//! The purpose of a network: its loss, and its training.

use crate::Result;
use crate::layers::network::Kan;
use crate::training::{FitConfig, Rows, fit};

/// The purpose of a network: its loss, and its training.
pub trait Task {
    /// Inputs that the network is trained on, row-major.
    fn train_inputs(&self) -> &[f64];

    /// Inputs that judge the network.
    fn validation_inputs(&self) -> &[f64];

    /// Loss of these outputs, row-major, at the validation inputs; 0 if they are right.
    fn loss(&self, outputs: &[f64]) -> f64;

    /// Losses of the parts of the task with separate budgets, such as each output; by default all outputs together have
    /// one budget.
    fn losses(&self, outputs: &[f64], _d_output: usize) -> Vec<f64> {
        vec![self.loss(outputs)]
    }

    /// Trains the network that a stage has left.
    ///
    /// # Errors
    ///
    /// If training fails.
    fn retrain(&self, kan: Kan) -> Result<Kan>;
}

/// Least squares, with a budget for each output.
#[derive(Debug, Clone)]
pub struct Regression<'a> {
    /// Rows to train on.
    pub train: Rows<'a>,
    /// Rows to judge by.
    pub validation: Rows<'a>,
    /// Training after each stage.
    pub retrain: FitConfig,
}

impl Task for Regression<'_> {
    fn train_inputs(&self) -> &[f64] {
        self.train.x
    }

    fn validation_inputs(&self) -> &[f64] {
        self.validation.x
    }

    fn loss(&self, outputs: &[f64]) -> f64 {
        let squares = outputs.iter().zip(self.validation.y).map(|(f, y)| (f - y).powi(2));
        squares.sum::<f64>() / outputs.len().max(1) as f64
    }

    fn losses(&self, outputs: &[f64], d_output: usize) -> Vec<f64> {
        let squares: Vec<f64> = outputs
            .iter()
            .zip(self.validation.y)
            .map(|(f, y)| (f - y).powi(2))
            .collect();
        let rows = squares.len() / d_output;
        let of_output = |output| squares.iter().skip(output).step_by(d_output).sum::<f64>() / rows.max(1) as f64;
        (0..d_output).map(of_output).collect()
    }

    fn retrain(&self, kan: Kan) -> Result<Kan> {
        fit(kan, self.train, Some(self.validation), &self.retrain, &mut |_| ()).map(|(kan, _)| kan)
    }
}
