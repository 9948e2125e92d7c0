//! Counts zeros among weights.

use std::ops::Add;

use burn::module::Module;
use secateurs_tensor::{PathRules, read_weights};

use crate::prune::notes::n_zeros;

/// A number of zeros among a number of weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Zeros {
    n_zeros: usize,
    n_weights: usize,
}

impl Zeros {
    /// The zeros among the weights of linears.
    pub(super) fn of(module: &impl Module) -> Self {
        let weights = read_weights(module, &PathRules::default());
        let counts = weights.iter().map(|(_, weight)| Self {
            n_zeros: weight.n_zeros(),
            n_weights: weight.len(),
        });
        counts.fold(Self::default(), Add::add)
    }

    /// The zeros among values.
    pub(super) fn among(values: &[f32]) -> Self {
        Self {
            n_zeros: n_zeros(values),
            n_weights: values.len(),
        }
    }

    /// The share of zeros; 0 if there are no weights.
    pub(super) fn share(self) -> f64 {
        self.n_zeros as f64 / self.n_weights.max(1) as f64
    }
}

impl Add for Zeros {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            n_zeros: self.n_zeros + other.n_zeros,
            n_weights: self.n_weights + other.n_weights,
        }
    }
}
