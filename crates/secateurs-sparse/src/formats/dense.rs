//! Dense matrices: every weight is stored.

use crate::error::SparseError;
use crate::numbers::shape::{check_dims, check_weights};
use crate::numbers::value_type::ValueType;
use crate::numbers::values::{Encoder, Values};

/// A dense matrix: every weight is stored. It suits matrices with few zeros.
///
/// # Shapes
///
/// Values `[d_output, d_input]`; each output starts at a whole byte.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseMatrix {
    dims: [usize; 2],
    values: Values,
}

impl DenseMatrix {
    /// Packs `weights [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// As for [`BitmapMatrix::pack`](crate::BitmapMatrix::pack).
    pub fn pack(weights: &[f32], dims: [usize; 2], value_type: ValueType) -> Result<Self, SparseError> {
        check_weights(weights, dims, value_type)?;
        let mut encoder = Encoder::new(value_type);
        if dims[1] > 0 {
            for weights in weights.chunks_exact(dims[1]) {
                encoder.push(weights, |_| true);
                encoder.align();
            }
        }
        Self::from_parts(dims, encoder.finish())
    }

    /// Wraps values in the form of a file.
    ///
    /// # Errors
    ///
    /// If their number disagrees with the shape.
    pub fn from_parts(dims: [usize; 2], values: Values) -> Result<Self, SparseError> {
        let [d_output, d_input] = check_dims(dims)?;
        values.check(d_output * (d_input * values.value_type().bits()).div_ceil(8), dims)?;
        Ok(Self { dims, values })
    }

    /// Shape, `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// The values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Bytes of all parts.
    pub fn n_bytes(&self) -> usize {
        self.values.n_bytes()
    }
}
