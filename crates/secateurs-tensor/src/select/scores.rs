//! Scores: the importance of every weight.

use crate::error::{Result, TensorError};
use crate::select::key::first_nan;
use crate::weights::matrix::check_len;

/// Scores of a weight matrix, `[d_output, d_input]`: higher means more important. Never NaN; infinities are allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    values: Vec<f32>,
    dims: [usize; 2],
}

impl Scores {
    /// Wraps row-major scores of `dims = [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// [`TensorError::LengthMismatch`] if the dimensions do not fit, [`TensorError::NanScore`] for the first NaN.
    pub fn new(values: Vec<f32>, dims: [usize; 2]) -> Result<Self> {
        check_len("scores", values.len(), dims)?;
        match first_nan(&values) {
            Some(index) => Err(TensorError::NanScore {
                output: index / dims[1],
                input: index % dims[1],
            }),
            None => Ok(Self { values, dims }),
        }
    }

    /// All scores, output after output.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// The scores of one output.
    ///
    /// # Panics
    ///
    /// If there is no such output.
    pub fn output(&self, output: usize) -> &[f32] {
        let d_input = self.dims[1];
        &self.values[output * d_input..][..d_input]
    }
}
