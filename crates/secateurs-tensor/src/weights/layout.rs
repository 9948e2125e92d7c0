//! The layouts in which burn stores weight matrices.

use crate::weights::transpose::transpose;

/// How a parameter holds a matrix `[d_output, d_input]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightLayout {
    /// A linear weight, `[d_input, d_output]`.
    Linear,
    /// A weight of a 2-d convolution, `[d_output, channels, k_h, k_w]` with `d_input = channels * k_h * k_w`, where
    /// `channels` counts the inputs of one group.
    Convolution,
}

impl WeightLayout {
    /// The layout of a parameter of this rank; `None` for a parameter that is no weight matrix.
    pub(crate) fn of_rank(rank: usize) -> Option<Self> {
        match rank {
            2 => Some(Self::Linear),
            4 => Some(Self::Convolution),
            _ => None,
        }
    }

    /// `[d_output, d_input]` of a parameter of this shape.
    pub(crate) fn dims(self, shape: &[usize]) -> [usize; 2] {
        match self {
            Self::Linear => [shape[1], shape[0]],
            Self::Convolution => [shape[0], shape[1..].iter().product()],
        }
    }

    /// Values as burn stores them into canonical order; `dims` is `[d_output, d_input]`.
    pub(crate) fn to_canonical<T: Copy + Default + Send + Sync>(self, values: Vec<T>, dims: [usize; 2]) -> Vec<T> {
        match self {
            Self::Linear => transpose(&values, [dims[1], dims[0]]),
            Self::Convolution => values,
        }
    }

    /// Values in canonical order into those that burn stores; `dims` is `[d_output, d_input]`.
    pub(crate) fn from_canonical<T: Copy + Default + Send + Sync>(self, values: Vec<T>, dims: [usize; 2]) -> Vec<T> {
        match self {
            Self::Linear => transpose(&values, dims),
            Self::Convolution => values,
        }
    }
}
