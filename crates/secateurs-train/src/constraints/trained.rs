//! A parameter with the state of its training, and one training step.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::admm::Proximal;
use super::restraint::{Force, Restraint};
use crate::states::{BLOCK, MomentFormat, Moments, TASK};
use crate::trainer::{AdamStep, Parameter, Residence};

/// A parameter with the state of its training.
pub(crate) struct TrainedParameter {
    pub(crate) parameter: Parameter,
    pub(crate) moments: Moments,
    pub(crate) restraint: Restraint,
    /// The restraint on the device, where the state is kept there.
    pub(crate) anchor: Option<Tensor<1>>,
}

impl TrainedParameter {
    pub(crate) fn new(parameter: Parameter, residence: Residence, moments: MomentFormat) -> Self {
        let moments = match residence {
            Residence::Host => Moments::zeros(moments, parameter.len()),
            Residence::Device => Moments::zeros_on(&parameter.device, parameter.len()),
        };
        Self {
            moments,
            restraint: Restraint::Free,
            anchor: None,
            parameter,
        }
    }

    /// Tells the device which tensor restrains the weights now: `z - u`, or a mask of zeros and ones.
    pub(crate) fn cast_anchor(&mut self) {
        let values = match &self.restraint {
            Restraint::Free => return,
            Restraint::Masked(keep) => keep.iter().map(|keep| f32::from(u8::from(*keep))).collect(),
            Restraint::Split(copy) => copy.anchor(),
        };
        self.anchor = Some(Tensor::from_floats(&values[..], &self.parameter.device));
    }

    /// Takes a step on the device, as [`descend`](Self::descend) does on the host.
    pub(crate) fn descend_on_device(
        &mut self,
        mut weights: Tensor<1>,
        gradient: Tensor<1>,
        adam: &AdamStep,
        force: Force,
    ) -> Tensor<1> {
        let mut gradient = gradient * force.scale;
        let Moments::Device(moments) = &mut self.moments else {
            unreachable!("state lives on the device");
        };
        match (&self.restraint, self.anchor.clone()) {
            (Restraint::Masked(_), Some(keep)) => gradient = gradient * keep,
            (Restraint::Split(copy), Some(anchor)) => {
                let lambda = force.lambda * copy.unit;
                let distance = weights.clone() - anchor;
                match copy.proximal {
                    Proximal::InGradient => gradient = gradient + distance * lambda,
                    Proximal::Decoupled => weights = weights - distance * (force.learning_rate * lambda),
                }
            }
            _ => {}
        }
        let weights = adam.apply_on_device(weights, gradient, moments);
        match (&self.restraint, self.anchor.clone()) {
            (Restraint::Masked(_), Some(keep)) => weights * keep,
            _ => weights,
        }
    }

    pub(crate) fn descend(&mut self, values: &mut [f32], gradient: &mut [f32], adam: &AdamStep, force: Force) {
        let restraint = &self.restraint;
        let tasks = values
            .par_chunks_mut(TASK)
            .zip(gradient.par_chunks_mut(TASK))
            .zip(self.moments.parts(TASK));
        tasks.enumerate().for_each(|(task, ((values, gradient), mut moments))| {
            let blocks = values.chunks_mut(BLOCK).zip(gradient.chunks_mut(BLOCK));
            for (block, (values, gradient)) in blocks.enumerate() {
                let start = task * TASK + block * BLOCK;
                restraint.pull(start, values, gradient, force);
                restraint.attract(start, values, force);
                moments.update(block, |first, second| adam.apply(values, gradient, first, second));
                restraint.settle(start, values);
            }
        });
    }
}
