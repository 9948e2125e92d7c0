//! Chooses the entries of a matrix that stay, again and again: the hard-thresholding step of the iterative methods.

use rayon::prelude::*;
use secateurs_tensor::{Pattern, TensorError, WeightMatrix, keep_in_groups_into, keep_largest_into};

/// Elements that one task takes.
const CHUNK: usize = 1 << 14;

/// Selection by absolute value under one pattern, with the zeros of the dense matrix ranked below everything else.
pub(crate) struct Selector {
    pattern: Pattern,
    n_pruned: usize,
    /// Flat indices of the zeros of the dense matrix.
    zeros: Vec<usize>,
    magnitudes: Vec<f32>,
    protected: Vec<bool>,
}

impl Selector {
    /// A selector for matrices with the dimensions and zeros of `dense`.
    pub(crate) fn new(dense: &WeightMatrix, pattern: Pattern) -> Self {
        let zeros = dense
            .values()
            .iter()
            .enumerate()
            .filter(|(_, value)| **value == 0.0)
            .map(|(index, _)| index);
        Self {
            pattern,
            n_pruned: pattern.pruned_count(dense.dims()),
            zeros: zeros.collect(),
            magnitudes: vec![0.0; dense.len()],
            protected: Vec::new(),
        }
    }

    /// Number of entries that the pattern prunes.
    pub(crate) fn n_pruned(&self) -> usize {
        self.n_pruned
    }

    /// Marks the entries of `values` that the pattern keeps.
    pub(crate) fn select(&mut self, values: &[f32], keep: &mut [bool]) -> Result<(), TensorError> {
        self.rank(values);
        match self.pattern {
            Pattern::Unstructured(_) => keep_largest_into(&self.magnitudes, self.n_pruned, keep),
            Pattern::Nm(pattern) => keep_in_groups_into(&self.magnitudes, pattern, keep),
        }
    }

    /// Marks the entries that stay on the way to the pattern: prunes `n_pruned`, at most as many as the pattern prunes,
    /// and under N:M no entry that the pattern would keep.
    pub(crate) fn select_partly(
        &mut self,
        values: &[f32],
        n_pruned: usize,
        keep: &mut [bool],
    ) -> Result<(), TensorError> {
        let n_pruned = n_pruned.min(self.n_pruned);
        self.rank(values);
        if let Pattern::Nm(pattern) = self.pattern {
            self.protected.resize(values.len(), false);
            keep_in_groups_into(&self.magnitudes, pattern, &mut self.protected)?;
            self.magnitudes
                .par_iter_mut()
                .zip(&self.protected)
                .for_each(|(magnitude, protected)| {
                    if *protected {
                        *magnitude = f32::INFINITY;
                    }
                });
        }
        keep_largest_into(&self.magnitudes, n_pruned, keep)
    }

    fn rank(&mut self, values: &[f32]) {
        let chunks = self.magnitudes.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK));
        chunks.for_each(|(magnitudes, values)| {
            magnitudes
                .iter_mut()
                .zip(values)
                .for_each(|(magnitude, value)| *magnitude = value.abs());
        });
        for index in &self.zeros {
            self.magnitudes[*index] = -1.0;
        }
    }
}
