//! Objectives: losses that training minimises.

use burn::tensor::Tensor;

use crate::Result;

/// A loss that training minimises.
pub trait Objective<M> {
    /// The loss of one step, a scalar, with all penalties.
    fn loss(&self, model: &M, step: usize) -> Tensor<1>;

    /// A validation loss, on data that no step sees; none if there are no such data.
    fn validation(&self, _model: &M) -> Option<f64> {
        None
    }

    /// Prepares the model for each step, such as by moving its grids; `true` if it changed. Whatever all losses of a step need
    /// may be kept from here.
    ///
    /// # Errors
    ///
    /// Errors of the objective.
    fn before_step(&mut self, model: M, _step: usize) -> Result<(M, bool)> {
        Ok((model, false))
    }
}
