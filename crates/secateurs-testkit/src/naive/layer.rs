//! Layers and patterns that the oracles of layer solvers share.

use super::{keep_groups, keep_largest};

/// A layer: weights `[d_output, d_input]` and the Gram matrix of its inputs.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'a> {
    /// The dense weights.
    pub weight: &'a [f64],
    /// `X^T X`, `[d_input, d_input]`.
    pub gram: &'a [f64],
    /// Number of inputs.
    pub d_input: usize,
}

impl Layer<'_> {
    /// The squared error of the outputs, `||(W - W^) X||^2`.
    pub fn error(&self, pruned: &[f64]) -> f64 {
        let difference: Vec<f64> = self.weight.iter().zip(pruned).map(|(w, p)| w - p).collect();
        let image = super::multiply(&difference, self.gram, self.d_input);
        difference.iter().zip(image).map(|(d, i)| d * i).sum()
    }
}

/// The requested pattern of zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zeros {
    /// A number of zeros, anywhere.
    Anywhere(usize),
    /// Zeros for all but `keep` of every `group`.
    Groups {
        /// Kept of each group.
        keep: usize,
        /// Size of a group.
        group: usize,
    },
}

impl Zeros {
    /// Marks the largest absolute values.
    pub fn keep(self, values: &[f64]) -> Vec<bool> {
        let scores: Vec<f64> = values.iter().map(|value| value.abs()).collect();
        match self {
            Self::Anywhere(n_pruned) => keep_largest(&scores, n_pruned),
            Self::Groups { keep, group } => keep_groups(&scores, keep, group),
        }
    }

    /// Number of zeros among `n` entries.
    pub fn count(self, n: usize) -> usize {
        match self {
            Self::Anywhere(n_pruned) => n_pruned,
            Self::Groups { keep, group } => n / group * (group - keep),
        }
    }
}

/// Copies `values` where `keep` is true, and writes 0 elsewhere.
pub(crate) fn masked(values: &[f64], keep: &[bool]) -> Vec<f64> {
    values
        .iter()
        .zip(keep)
        .map(|(value, keep)| if *keep { *value } else { 0.0 })
        .collect()
}
