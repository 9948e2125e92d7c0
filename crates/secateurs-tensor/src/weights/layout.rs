//! A parameter seen as a weight matrix.

use crate::weights::transpose::transpose;

/// The order in which a parameter stores the matrix that patterns and masks speak of, `[d_output, d_input]`.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::WeightLayout;
///
/// let linear = WeightLayout::of(&[2, 3]).expect("two dimensions");
/// assert_eq!(linear.dims(), [3, 2]);
/// assert_eq!(linear.to_canonical(vec![1, 2, 3, 4, 5, 6]), [1, 4, 2, 5, 3, 6]);
/// assert_eq!(WeightLayout::of(&[8, 3, 5, 5]).map(WeightLayout::dims), Some([8, 75]));
/// assert_eq!(WeightLayout::of(&[8]), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightLayout {
    /// A linear weight, `[d_input, d_output]`.
    InputsFirst {
        /// `[d_output, d_input]`.
        dims: [usize; 2],
    },
    /// A weight of a 2-d convolution, `[d_output, channels, k_h, k_w]` with `d_input = channels * k_h * k_w`, where
    /// `channels` counts the inputs of one group.
    OutputsFirst {
        /// `[d_output, d_input]`.
        dims: [usize; 2],
    },
}

impl WeightLayout {
    /// The layout of a parameter of this shape; `None` if it is no weight matrix.
    pub fn of(shape: &[usize]) -> Option<Self> {
        match *shape {
            [d_input, d_output] => Some(Self::InputsFirst {
                dims: [d_output, d_input],
            }),
            [d_output, channels, k_h, k_w] => Some(Self::OutputsFirst {
                dims: [d_output, channels * k_h * k_w],
            }),
            _ => None,
        }
    }

    /// `[d_output, d_input]`.
    pub fn dims(self) -> [usize; 2] {
        match self {
            Self::InputsFirst { dims } | Self::OutputsFirst { dims } => dims,
        }
    }

    /// Values as stored, output after output.
    ///
    /// # Panics
    ///
    /// If they do not fill the matrix.
    pub fn to_canonical<T: Copy + Default + Send + Sync>(self, values: Vec<T>) -> Vec<T> {
        match self {
            Self::InputsFirst {
                dims: [d_output, d_input],
            } => transpose(&values, [d_input, d_output]),
            Self::OutputsFirst { .. } => values,
        }
    }

    /// Values that lie output after output, in the order in which they are stored.
    ///
    /// # Panics
    ///
    /// If they do not fill the matrix.
    pub fn to_stored<T: Copy + Default + Send + Sync>(self, values: &[T]) -> Vec<T> {
        match self {
            Self::InputsFirst { dims } => transpose(values, dims),
            Self::OutputsFirst { .. } => values.to_vec(),
        }
    }
}
