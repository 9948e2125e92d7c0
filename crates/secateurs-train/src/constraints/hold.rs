//! What keeps weights from going where the loss wants them.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::admm::Proximal;
use crate::states::{BLOCK, MomentFormat, Moments, Stored, TASK, added, distance, masked, squares};
use crate::trainer::{AdamStep, Parameter, Residence};

/// A parameter with the state of its training.
pub(crate) struct Trained {
    pub(crate) parameter: Parameter,
    pub(crate) moments: Moments,
    pub(crate) hold: Hold,
    /// What `hold` says, on the device, where state lives there.
    pub(crate) anchor: Option<Tensor<1>>,
}

/// What keeps weights from going where the loss wants them.
pub(crate) enum Hold {
    Free,
    /// In burn's layout.
    Masked(Vec<bool>),
    Split(Split),
}

/// The sparse copy of a tensor and its dual, in burn's layout.
pub(crate) struct Split {
    pub(crate) sparse: Stored,
    pub(crate) dual: Stored,
    /// What one unit of the penalty is.
    pub(crate) unit: f32,
    pub(crate) proximal: Proximal,
    /// `[d_output, d_input]`
    pub(crate) dims: [usize; 2],
}

/// What a step does to gradients.
#[derive(Clone, Copy)]
pub(crate) struct Force {
    /// Averages micro-batches and clips.
    pub(crate) scale: f32,
    pub(crate) lambda: f32,
    pub(crate) learning_rate: f32,
}

impl Trained {
    pub(crate) fn new(parameter: Parameter, residence: Residence, moments: MomentFormat) -> Self {
        let moments = match residence {
            Residence::Host => Moments::zeros(moments, parameter.len()),
            Residence::Device => Moments::zeros_on(&parameter.device, parameter.len()),
        };
        Self {
            moments,
            hold: Hold::Free,
            anchor: None,
            parameter,
        }
    }

    /// Shows the device what holds the weights now: `z - u`, or a mask of zeros and ones.
    pub(crate) fn cast_anchor(&mut self) {
        let values = match &self.hold {
            Hold::Free => return,
            Hold::Masked(keep) => keep.iter().map(|keep| f32::from(u8::from(*keep))).collect(),
            Hold::Split(split) => split.anchor(),
        };
        self.anchor = Some(Tensor::from_floats(&values[..], &self.parameter.device));
    }

    /// As [`descend`](Self::descend), on the device.
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
        match (&self.hold, self.anchor.clone()) {
            (Hold::Masked(_), Some(keep)) => gradient = gradient * keep,
            (Hold::Split(split), Some(anchor)) => {
                let lambda = force.lambda * split.unit;
                let distance = weights.clone() - anchor;
                match split.proximal {
                    Proximal::InGradient => gradient = gradient + distance * lambda,
                    Proximal::Decoupled => weights = weights - distance * (force.learning_rate * lambda),
                }
            }
            _ => {}
        }
        let weights = adam.apply_on_device(weights, gradient, moments);
        match (&self.hold, self.anchor.clone()) {
            (Hold::Masked(_), Some(keep)) => weights * keep,
            _ => weights,
        }
    }

    pub(crate) fn descend(&mut self, values: &mut [f32], gradient: &mut [f32], adam: &AdamStep, force: Force) {
        let hold = &self.hold;
        let tasks = values
            .par_chunks_mut(TASK)
            .zip(gradient.par_chunks_mut(TASK))
            .zip(self.moments.parts(TASK));
        tasks.enumerate().for_each(|(task, ((values, gradient), mut moments))| {
            let blocks = values.chunks_mut(BLOCK).zip(gradient.chunks_mut(BLOCK));
            for (block, (values, gradient)) in blocks.enumerate() {
                let start = task * TASK + block * BLOCK;
                hold.pull(start, values, gradient, force);
                hold.attract(start, values, force);
                moments.update(block, |first, second| adam.apply(values, gradient, first, second));
                hold.settle(start, values);
            }
        });
    }
}

impl Hold {
    /// Scales the gradient of the weights from `start` on and adds that of the penalty.
    pub(crate) fn pull(&self, start: usize, values: &[f32], gradient: &mut [f32], force: Force) {
        match self {
            Self::Free => gradient.iter_mut().for_each(|g| *g *= force.scale),
            Self::Masked(keep) => {
                for (g, keep) in gradient.iter_mut().zip(&keep[start..]) {
                    *g = if *keep { *g * force.scale } else { 0.0 };
                }
            }
            Self::Split(split) if split.proximal == Proximal::InGradient => {
                let lambda = force.lambda * split.unit;
                split.distances(start, values, |index, distance| {
                    gradient[index] = gradient[index] * force.scale + lambda * distance;
                });
            }
            Self::Split(_) => gradient.iter_mut().for_each(|g| *g *= force.scale),
        }
    }

    /// Moves the weights from `start` on towards their sparse copy, where that is not left to the gradient.
    pub(crate) fn attract(&self, start: usize, values: &mut [f32], force: Force) {
        if let Self::Split(split) = self
            && split.proximal == Proximal::Decoupled
        {
            let share = force.learning_rate * force.lambda * split.unit;
            let mut steps = [0.0; BLOCK];
            split.distances(start, values, |index, distance| steps[index] = share * distance);
            values.iter_mut().zip(steps).for_each(|(value, step)| *value -= step);
        }
    }

    /// Zeros what a mask prunes.
    pub(crate) fn settle(&self, start: usize, values: &mut [f32]) {
        if let Self::Masked(keep) = self {
            for (value, keep) in values.iter_mut().zip(&keep[start..]) {
                if !*keep {
                    *value = 0.0;
                }
            }
        }
    }
}

/// Sums over tensors.
#[derive(Default)]
pub(crate) struct Residuals {
    pub(crate) primal: f64,
    pub(crate) weights: f64,
    pub(crate) moved: f64,
    pub(crate) n_changed: usize,
    pub(crate) n_weights: usize,
}

impl Split {
    /// `z - u`
    fn anchor(&self) -> Vec<f32> {
        let mut anchor = self.sparse.to_vec();
        let dual = self.dual.to_vec();
        anchor.par_iter_mut().zip(dual).for_each(|(z, u)| *z -= u);
        anchor
    }

    /// Shows `x - z + u` of the weights from `start` on, at most a block of them.
    pub(crate) fn distances(&self, start: usize, values: &[f32], mut see: impl FnMut(usize, f32)) {
        let (mut z, mut u) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (z, u) = (&mut z[..values.len()], &mut u[..values.len()]);
        self.sparse.load(start, z);
        self.dual.load(start, u);
        for (index, ((x, z), u)) in values.iter().zip(z).zip(u).enumerate() {
            see(index, x - *z + *u);
        }
    }

    pub(crate) fn update(&mut self, values: &[f32], keep: &[bool], sums: &mut Residuals) {
        let before = self.sparse.to_vec();
        let mut wanted = added(values.to_vec(), &self.dual);
        self.sparse.store(&masked(&wanted, keep));
        let sparse = self.sparse.to_vec();
        wanted.par_iter_mut().zip(&sparse).for_each(|(wanted, z)| *wanted -= z);
        self.dual.store(&wanted);
        sums.primal += distance(values, &sparse).powi(2);
        sums.weights += squares(values);
        sums.moved += distance(&sparse, &before).powi(2);
        let changed = before
            .par_iter()
            .zip(keep)
            .filter(|(before, keep)| (**before != 0.0) != **keep);
        sums.n_changed += changed.count();
        sums.n_weights += values.len();
    }
}
