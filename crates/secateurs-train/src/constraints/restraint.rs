//! Restraints that hold weights back against the loss.

use super::admm::Proximal;
use super::sparse_copy::SparseCopy;
use crate::states::BLOCK;

/// A restraint that holds weights back against the loss.
pub(crate) enum Restraint {
    Free,
    /// A mask in burn's layout.
    Masked(Vec<bool>),
    Split(SparseCopy),
}

/// Factors that a step applies to gradients.
#[derive(Clone, Copy)]
pub(crate) struct Force {
    /// Factor that averages micro-batches and clips.
    pub(crate) scale: f32,
    pub(crate) lambda: f32,
    pub(crate) learning_rate: f32,
}

impl Restraint {
    /// Scales the gradient of the weights from `start` on and adds the gradient of the penalty.
    pub(crate) fn pull(&self, start: usize, values: &[f32], gradient: &mut [f32], force: Force) {
        match self {
            Self::Free => gradient.iter_mut().for_each(|g| *g *= force.scale),
            Self::Masked(keep) => {
                for (g, keep) in gradient.iter_mut().zip(&keep[start..]) {
                    *g = if *keep { *g * force.scale } else { 0.0 };
                }
            }
            Self::Split(copy) if copy.proximal == Proximal::InGradient => {
                let lambda = force.lambda * copy.unit;
                copy.distances(start, values, |index, distance| {
                    gradient[index] = gradient[index] * force.scale + lambda * distance;
                });
            }
            Self::Split(_) => gradient.iter_mut().for_each(|g| *g *= force.scale),
        }
    }

    /// Moves the weights from `start` on towards their sparse copy, unless the gradient already holds the penalty.
    pub(crate) fn attract(&self, start: usize, values: &mut [f32], force: Force) {
        if let Self::Split(copy) = self
            && copy.proximal == Proximal::Decoupled
        {
            let share = force.learning_rate * force.lambda * copy.unit;
            let mut steps = [0.0; BLOCK];
            copy.distances(start, values, |index, distance| steps[index] = share * distance);
            values.iter_mut().zip(steps).for_each(|(value, step)| *value -= step);
        }
    }

    /// Zeros the weights that a mask prunes.
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
