//! A parameter seen as a weight matrix.

use secateurs_tensor::{KeepMask, transpose};

/// The order in which a parameter stores the matrix that patterns and masks speak of, `[d_output, d_input]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MatrixLayout {
    /// A linear weight, `[d_input, d_output]`.
    InputsFirst { dims: [usize; 2] },
    /// A 2-d convolution, `[d_output, channels, k_h, k_w]` with `d_input = channels * k_h * k_w`.
    OutputsFirst { dims: [usize; 2] },
}

impl MatrixLayout {
    /// The layout of a parameter of this shape; none if it is no weight matrix.
    pub(crate) fn of(shape: &[usize]) -> Option<Self> {
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

    /// `[d_output, d_input]`
    pub(crate) fn dims(self) -> [usize; 2] {
        match self {
            Self::InputsFirst { dims } | Self::OutputsFirst { dims } => dims,
        }
    }

    /// Values as stored, output after output.
    pub(crate) fn to_canonical(self, values: Vec<f32>) -> Vec<f32> {
        match self {
            Self::InputsFirst {
                dims: [d_output, d_input],
            } => transpose(&values, [d_input, d_output]),
            Self::OutputsFirst { .. } => values,
        }
    }

    /// A mask in the order of the stored values.
    pub(crate) fn to_stored(self, mask: &KeepMask) -> Vec<bool> {
        match self {
            Self::InputsFirst { dims } => transpose(mask.as_slice(), dims),
            Self::OutputsFirst { .. } => mask.as_slice().to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_keeps_its_order_and_a_linear_weight_is_transposed() {
        let mask = KeepMask::new(vec![true, false, true, true, false, true, true, true], [2, 4]).unwrap();
        let linear = MatrixLayout::of(&[4, 2]).unwrap();
        let kernel = MatrixLayout::of(&[2, 1, 2, 2]).unwrap();
        assert_eq!([linear.dims(), kernel.dims()], [[2, 4]; 2]);
        assert_eq!(kernel.to_stored(&mask), mask.as_slice());
        let stored = linear.to_stored(&mask);
        assert_eq!(stored, [true, false, false, true, true, true, true, true]);
        let values = |keep: &[bool]| keep.iter().map(|keep| f32::from(u8::from(*keep))).collect::<Vec<_>>();
        assert_eq!(linear.to_canonical(values(&stored)), values(mask.as_slice()));
        assert_eq!(MatrixLayout::of(&[3]), None);
    }
}
