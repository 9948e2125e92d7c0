//! The optimiser Adam, with and without weight decay.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::{Result, TrainError};
use crate::states::MomentFormat;

/// Place at which weight decay acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// Decays the weights beside the step (AdamW).
    #[default]
    Decoupled,
    /// Adds the decay to the gradient, so that it passes the moments (Adam with an L2 penalty).
    InGradient,
}

/// Settings of Adam or AdamW.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AdamSettings {
    /// Decay of the mean of the gradient.
    pub beta1: f64,
    /// Decay of the mean of its square.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Weight decay.
    pub weight_decay: f64,
    /// Place at which weight decay acts.
    pub decay: Decay,
    /// Format of the moments in memory.
    pub moments: MomentFormat,
}

impl Default for AdamSettings {
    /// The settings of ELSA's published runs, without decay.
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.0,
            decay: Decay::Decoupled,
            moments: MomentFormat::F32,
        }
    }
}

impl AdamSettings {
    pub(crate) fn check(&self) -> Result<()> {
        for (setting, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(TrainError::bad(setting, "in [0, 1)", beta));
            }
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return Err(TrainError::bad("epsilon", "a finite number above 0", self.epsilon));
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return Err(TrainError::bad(
                "weight decay",
                "a finite number of at least 0",
                self.weight_decay,
            ));
        }
        Ok(())
    }

    /// Numbers that all weights of a step share; `step` counts from 1.
    pub(crate) fn step(&self, step: usize, learning_rate: f64) -> AdamStep {
        let power = i32::try_from(step).unwrap_or(i32::MAX);
        let (in_gradient, decoupled) = match self.decay {
            Decay::InGradient => (self.weight_decay, 0.0),
            Decay::Decoupled => (0.0, self.weight_decay),
        };
        AdamStep {
            beta1: self.beta1 as f32,
            beta2: self.beta2 as f32,
            rate: (learning_rate / (1.0 - self.beta1.powi(power))) as f32,
            root_correction: (1.0 / (1.0 - self.beta2.powi(power))).sqrt() as f32,
            epsilon: self.epsilon as f32,
            l2: in_gradient as f32,
            shrink: (1.0 - learning_rate * decoupled) as f32,
        }
    }
}

/// One step of Adam:
/// `m = b1 m + (1 - b1) g`, `v = b2 v + (1 - b2) g^2`, `w = w (1 - lr decay) - lr m^ / (sqrt(v^) + eps)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AdamStep {
    beta1: f32,
    beta2: f32,
    /// `lr / (1 - b1^t)`
    rate: f32,
    /// `1 / sqrt(1 - b2^t)`
    root_correction: f32,
    epsilon: f32,
    l2: f32,
    shrink: f32,
}

impl AdamStep {
    /// Moves the weights along `gradient`, on their device.
    pub(crate) fn apply_on_device(
        &self,
        weights: Tensor<1>,
        gradient: Tensor<1>,
        [first, second]: &mut [Tensor<1>; 2],
    ) -> Tensor<1> {
        let gradient = match self.l2 {
            0.0 => gradient,
            l2 => gradient + weights.clone() * l2,
        };
        *first = first.clone() * self.beta1 + gradient.clone() * (1.0 - self.beta1);
        *second = second.clone() * self.beta2 + gradient.clone() * gradient * (1.0 - self.beta2);
        let root = second.clone().sqrt() * self.root_correction + self.epsilon;
        weights * self.shrink - first.clone() * self.rate / root
    }

    /// Moves `weights` along `gradient`, in place.
    pub(crate) fn apply(&self, weights: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let moments = first.iter_mut().zip(second);
        for ((w, g), (m, v)) in weights.iter_mut().zip(gradient).zip(moments) {
            let g = g + self.l2 * *w;
            *m = self.beta1 * *m + (1.0 - self.beta1) * g;
            *v = self.beta2 * *v + (1.0 - self.beta2) * g * g;
            let root = v.sqrt() * self.root_correction + self.epsilon;
            *w = *w * self.shrink - self.rate * *m / root;
        }
    }
}
