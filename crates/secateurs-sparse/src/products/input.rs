//! The vectors that a matrix is multiplied by.

use crate::kernels::CHUNK;

/// Vectors, each padded with zeros to a multiple of 32 values, as the kernels read them.
///
/// # Examples
///
/// ```
/// use secateurs_sparse::Input;
///
/// let input = Input::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3);
/// assert_eq!((input.n_vectors(), input.width()), (2, 3));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    values: Vec<f32>,
    width: usize,
    n_vectors: usize,
}

impl Input {
    /// Wraps vectors of `width` values, one after the other.
    ///
    /// # Panics
    ///
    /// If `values` does not hold whole vectors.
    pub fn new(values: &[f32], width: usize) -> Self {
        let n_vectors = values.len().checked_div(width).unwrap_or(0);
        assert_eq!(values.len(), n_vectors * width, "values hold whole vectors");
        let mut input = Self::zeros(n_vectors, width);
        for vector in 0..n_vectors {
            input
                .vector_mut(vector)
                .copy_from_slice(&values[vector * width..(vector + 1) * width]);
        }
        input
    }

    /// Creates `n_vectors` zero vectors of `width` values.
    pub fn zeros(n_vectors: usize, width: usize) -> Self {
        Self {
            values: vec![0.0; n_vectors * width.next_multiple_of(CHUNK)],
            width,
            n_vectors,
        }
    }

    /// Values of each vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of vectors.
    pub fn n_vectors(&self) -> usize {
        self.n_vectors
    }

    /// One vector, without its padding.
    pub fn vector(&self, index: usize) -> &[f32] {
        &self.padded(index)[..self.width]
    }

    /// One vector, mutable.
    pub fn vector_mut(&mut self, index: usize) -> &mut [f32] {
        let stride = self.width.next_multiple_of(CHUNK);
        &mut self.values[index * stride..][..self.width]
    }

    pub(crate) fn padded(&self, index: usize) -> &[f32] {
        let stride = self.width.next_multiple_of(CHUNK);
        &self.values[index * stride..(index + 1) * stride]
    }

    pub(crate) fn all_padded(&self) -> &[f32] {
        &self.values
    }
}
