//! The request of a training step for a batch's gradients, and the answer.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::error::{Result, TrainError};

/// The batch that a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicroBatch {
    /// Index of the step.
    pub step: usize,
    /// Index of the micro-batch in the step, from 0.
    pub micro: usize,
    /// Index of the micro-batch in the whole training.
    pub index: usize,
}

/// The loss of a batch and its derivatives by the parameters of a module.
#[derive(Debug)]
pub struct Gradients {
    /// The mean loss of the batch.
    pub loss: f32,
    /// Derivatives by parameter.
    pub parameters: GradientsParams,
}

impl Gradients {
    /// Derives a loss, one number, by the parameters of `module`.
    ///
    /// # Errors
    ///
    /// If the loss does not depend on the module, or the module is on a device without autodiff.
    pub fn of<M: Module>(loss: Tensor<1>, module: &M, batch: MicroBatch) -> Result<Self> {
        if !loss.is_tracked() {
            return Err(TrainError::UntrackedLoss { step: batch.step });
        }
        let value: f32 = loss.clone().without_autodiff().into_scalar();
        Ok(Self {
            loss: value,
            parameters: GradientsParams::from_grads(loss.backward(), module),
        })
    }
}
