//! A matrix in any of the formats, and products with it.

use crate::error::SparseError;
use crate::formats::bitmap::BitmapMatrix;
use crate::formats::dense::DenseMatrix;
use crate::formats::format::Format;
use crate::formats::indexed::IndexedMatrix;
use crate::formats::nm::NmMatrix;
use crate::kernels::decode::Layout;
use crate::kernels::{CHUNK, Level};
use crate::numbers::value_type::ValueType;
use crate::numbers::values::Values;

/// A weight matrix `[d_output, d_input]` in one of the formats.
#[derive(Debug, Clone, PartialEq)]
pub enum PackedMatrix {
    /// A dense matrix.
    Dense(DenseMatrix),
    /// Bits for all weights, and the non-zero values.
    Bitmap(BitmapMatrix),
    /// Groups with the same number of values each.
    Nm(NmMatrix),
    /// Values with 16-bit indices.
    Indexed(IndexedMatrix),
}

impl PackedMatrix {
    /// Packs `weights [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// As for the `pack` of the format.
    pub fn pack(weights: &[f32], dims: [usize; 2], format: Format, value_type: ValueType) -> Result<Self, SparseError> {
        Ok(match format {
            Format::Dense => Self::Dense(DenseMatrix::pack(weights, dims, value_type)?),
            Format::Bitmap => Self::Bitmap(BitmapMatrix::pack(weights, dims, value_type)?),
            Format::Nm(pattern) => Self::Nm(NmMatrix::pack(weights, dims, pattern, value_type)?),
            Format::Indexed => Self::Indexed(IndexedMatrix::pack(weights, dims, value_type)?),
        })
    }

    /// Shape, `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Dense(matrix) => matrix.dims(),
            Self::Bitmap(matrix) => matrix.dims(),
            Self::Nm(matrix) => matrix.dims(),
            Self::Indexed(matrix) => matrix.dims(),
        }
    }

    /// Format of the matrix.
    pub fn format(&self) -> Format {
        match self {
            Self::Dense(_) => Format::Dense,
            Self::Bitmap(_) => Format::Bitmap,
            Self::Nm(matrix) => Format::Nm(matrix.pattern()),
            Self::Indexed(_) => Format::Indexed,
        }
    }

    /// The stored values.
    pub fn values(&self) -> &Values {
        match self {
            Self::Dense(matrix) => matrix.values(),
            Self::Bitmap(matrix) => matrix.values(),
            Self::Nm(matrix) => matrix.values(),
            Self::Indexed(matrix) => matrix.values(),
        }
    }

    /// The number of stored values.
    pub(crate) fn n_values(&self) -> usize {
        let [d_output, d_input] = self.dims();
        match self {
            Self::Dense(_) => d_output * d_input,
            Self::Nm(matrix) => d_output * d_input / matrix.pattern().group() * matrix.pattern().keep(),
            Self::Indexed(matrix) => matrix.indices().len() / 2,
            Self::Bitmap(matrix) => matrix.values().bytes().len() * 8 / matrix.values().value_type().bits(),
        }
    }

    /// Bytes of all parts, which a product reads.
    pub fn n_bytes(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.n_bytes(),
            Self::Bitmap(matrix) => matrix.n_bytes(),
            Self::Nm(matrix) => matrix.n_bytes(),
            Self::Indexed(matrix) => matrix.n_bytes(),
        }
    }

    /// The number of weights that are zero.
    pub fn n_zeros(&self, level: Level) -> usize {
        let [d_output, d_input] = self.dims();
        let mut weights = vec![0.0; d_input];
        let zeros = |output: usize| {
            self.output(level, output, &mut weights);
            weights.iter().filter(|weight| **weight == 0.0).count()
        };
        (0..d_output).map(zeros).sum()
    }

    /// The weights as stored, `[d_output, d_input]`.
    pub fn unpack(&self, level: Level) -> Vec<f32> {
        let [d_output, d_input] = self.dims();
        let mut weights = vec![0.0; d_output * d_input];
        for (output, weights) in weights.chunks_exact_mut(d_input.max(1)).enumerate() {
            self.output(level, output, weights);
        }
        weights
    }

    /// The weights of one output as stored.
    ///
    /// # Panics
    ///
    /// If there is no such output, or `weights` has not `d_input` values.
    pub fn output(&self, level: Level, output: usize, weights: &mut [f32]) {
        let [d_output, d_input] = self.dims();
        assert!(output < d_output && weights.len() == d_input);
        if d_input.is_multiple_of(CHUNK) {
            self.decode(level, output..output + 1, Layout::plain(d_input), weights);
        } else {
            let mut padded = vec![0.0; d_input.next_multiple_of(CHUNK)];
            self.decode(level, output..output + 1, Layout::plain(d_input), &mut padded);
            weights.copy_from_slice(&padded[..d_input]);
        }
    }
}
