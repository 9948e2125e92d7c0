//! The sparse copy of a tensor and its dual.

use rayon::prelude::*;

use secateurs_tensor::WeightLayout;

use super::admm::Proximal;
use crate::states::{BLOCK, Stored, added, distance, masked, squares};

/// The sparse copy of a tensor and its dual, in burn's layout.
pub(crate) struct SparseCopy {
    pub(crate) values: Stored,
    pub(crate) dual: Stored,
    /// Unit of the penalty.
    pub(crate) unit: f32,
    pub(crate) proximal: Proximal,
    pub(crate) layout: WeightLayout,
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

impl SparseCopy {
    /// The difference `z - u`.
    pub(crate) fn anchor(&self) -> Vec<f32> {
        let mut anchor = self.values.to_vec();
        let dual = self.dual.to_vec();
        anchor.par_iter_mut().zip(dual).for_each(|(z, u)| *z -= u);
        anchor
    }

    /// Shows `x - z + u` of the weights from `start` on, at most one block.
    pub(crate) fn distances(&self, start: usize, values: &[f32], mut see: impl FnMut(usize, f32)) {
        let (mut z, mut u) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (z, u) = (&mut z[..values.len()], &mut u[..values.len()]);
        self.values.load(start, z);
        self.dual.load(start, u);
        for (index, ((x, z), u)) in values.iter().zip(z).zip(u).enumerate() {
            see(index, x - *z + *u);
        }
    }

    pub(crate) fn update(&mut self, values: &[f32], keep: &[bool], sums: &mut Residuals) {
        let before = self.values.to_vec();
        let mut wanted = added(values.to_vec(), &self.dual);
        self.values.store(&masked(&wanted, keep));
        let sparse = self.values.to_vec();
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
