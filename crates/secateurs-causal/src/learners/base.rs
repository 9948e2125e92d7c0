//! Networks that learners consist of; they map rows of numbers to rows of numbers.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor};
use secateurs_kan::KanError;

use crate::Result;

/// A network that a learner trains.
///
/// It takes inputs and gives outputs in the units of its user, and computes with scaled ones.
pub trait Network: Module + Clone {
    /// Applies the network: maps `[batch, d_input]` to `[batch, d_output]`, in the precision of `x`.
    fn forward(&self, x: Tensor<2>) -> Tensor<2>;

    /// Numbers of inputs and of outputs.
    fn shape(&self) -> [usize; 2];

    /// Device and precision of the parameters.
    fn place(&self) -> (Device, DType);

    /// Sets the scales of these rows of inputs, row-major, unless the network has scales already: `a x + b` gives the
    /// same scaled inputs as `x`, up to rounding.
    ///
    /// # Errors
    ///
    /// If the numbers are not whole rows, or not finite.
    fn with_scales_of(self, x: &[f64]) -> Result<Self, KanError>;

    /// Replaces each output `y_k` by `scale_k y_k + shift_k`.
    ///
    /// # Errors
    ///
    /// If there are not as many numbers as outputs, one is not finite, or a scale is 0.
    fn with_outputs_mapped(self, scale: &[f64], shift: &[f64]) -> Result<Self, KanError>;
}

/// The prediction of an output of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// An outcome.
    Outcome,
    /// The logit of the probability of treatment.
    Propensity,
}

/// Creates networks of one kind and defines the special parts of their training.
pub trait Base {
    /// The networks.
    type Network: Network;
    /// The part of a penalty that need not be computed at every step.
    type Prepared;

    /// Creates a network with random parameters; the same for the same seed.
    ///
    /// # Errors
    ///
    /// If the configuration describes no network.
    fn init(&self, d_input: usize, outputs: &[Output], seed: u64, device: &Device) -> Result<Self::Network>;

    /// Computes the part of [`penalty`](Self::penalty) that stays until [`before_step`](Self::before_step) changes the
    /// network.
    fn prepared(&self, network: &Self::Network, x: &Tensor<2>) -> Self::Prepared;

    /// Penalty on the size of a network, from its inputs.
    fn penalty(&self, _network: &Self::Network, _x: Tensor<2>, _prepared: &Self::Prepared) -> Option<Tensor<1>> {
        None
    }

    /// Changes a network before a step, given its inputs; `true` if it changed.
    ///
    /// # Errors
    ///
    /// If the inputs cannot be used.
    fn before_step(
        &self,
        network: Self::Network,
        _x: &Tensor<2>,
        _step: usize,
    ) -> Result<(Self::Network, bool), KanError> {
        Ok((network, false))
    }
}
