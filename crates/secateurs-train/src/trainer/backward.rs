//! The backward pass of a step: losses, their gradients, and the nearby point of the highest loss.

use burn::module::Module;

use super::gradients::{Gradients, MicroBatch};
use super::parameters;
use super::slopes::Slopes;
use super::step::Trainer;
use crate::error::{Result, TrainError};

impl<M: Module> Trainer<M> {
    /// Mean loss of the micro-batches and the sum of their gradients.
    pub(super) fn gradients(
        &self,
        module: &M,
        objective: &mut dyn FnMut(&M, MicroBatch) -> Result<Gradients>,
    ) -> Result<(f64, Slopes)> {
        let mut sums = Slopes::None;
        let mut loss = 0.0;
        for micro in 0..self.config.micro_batches {
            let index = self.step * self.config.micro_batches + micro;
            let step = self.step;
            let gradients = objective(module, MicroBatch { step, micro, index })?;
            if !gradients.loss.is_finite() {
                return Err(self.diverged(gradients.loss));
            }
            loss += f64::from(gradients.loss) / self.config.micro_batches as f64;
            let gradients = parameters::gradients(module, gradients.parameters);
            sums.add(gradients, self.config.residence);
        }
        Ok((loss, sums))
    }

    /// Names weights that make the loss infinite, if there are any.
    fn diverged(&self, loss: f32) -> TrainError {
        TrainError::Diverged {
            step: self.step,
            loss,
            parameter: self.spoilt_parameter(),
        }
    }

    /// The first parameter with a weight that is not finite.
    pub(crate) fn spoilt_parameter(&self) -> Option<String> {
        let mut spoilt = None;
        parameters::read(self.module(), &mut |index, values| {
            if spoilt.is_none() && !values.iter().all(|value| value.is_finite()) {
                spoilt = Some(self.parameters[index].parameter.path.clone());
            }
        });
        spoilt
    }

    /// Norm of all gradients together, before clipping.
    pub(super) fn norm(&self, gradients: &Slopes) -> Result<f64> {
        let mut total = 0.0;
        for (sum, trained) in gradients.squares().into_iter().zip(&self.parameters) {
            if !sum.is_finite() {
                return Err(TrainError::NonFiniteGradient {
                    step: self.step,
                    path: trained.parameter.path.clone(),
                });
            }
            total += sum;
        }
        Ok(total.sqrt())
    }

    /// Moves the module to the nearby point of the highest loss.
    pub(super) fn perturbed(&self, gradients: &Slopes) -> M {
        let norm = gradients.squares().into_iter().sum::<f64>().sqrt();
        let Slopes::Host(gradients) = gradients else {
            unreachable!("sharpness is refused where state lives on the device");
        };
        let factor = (self.config.sharpness / (norm + 1e-12)) as f32;
        parameters::map(self.module().clone(), &mut |index, mut values| {
            let pairs = values.iter_mut().zip(&gradients[index]);
            pairs.for_each(|(value, gradient)| *value += factor * gradient);
            self.parameters[index].restraint.settle(0, &mut values);
            values
        })
    }
}
