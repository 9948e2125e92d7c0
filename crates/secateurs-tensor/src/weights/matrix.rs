//! Canonical weights on the host.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::error::{Result, TensorError};
use crate::weights::layout::WeightLayout;
use crate::weights::transpose::transpose;

/// A weight matrix in the canonical layout, `[d_output, d_input]` with the inputs of an output next to each other.
///
/// burn stores linear weights as `[d_input, d_output]` and convolutions as `[d_output, channels, k_h, k_w]`
/// ([`WeightLayout`](crate::WeightLayout)).
///
/// # Examples
///
/// ```
/// use secateurs_tensor::WeightMatrix;
///
/// let weight = WeightMatrix::new(vec![1.0, 0.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
/// assert_eq!(weight.output(1), [4.0, 5.0, 6.0]);
/// assert_eq!(weight.n_zeros(), 1);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WeightMatrix {
    values: Vec<f32>,
    dims: [usize; 2],
}

impl WeightMatrix {
    /// Wraps row-major `values` of `dims = [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// [`TensorError::LengthMismatch`] if there are not `d_output * d_input` values.
    pub fn new(values: Vec<f32>, dims: [usize; 2]) -> Result<Self> {
        check_len("weights", values.len(), dims)?;
        Ok(Self { values, dims })
    }

    /// Reads a burn linear weight, `[d_input, d_output]`.
    ///
    /// # Panics
    ///
    /// If the device cannot be read, as burn does.
    pub fn from_linear(weight: &Tensor<2>) -> Self {
        let layout = WeightLayout::of(&weight.dims()).expect("two dimensions are a matrix");
        Self::from_layout(weight, layout)
    }

    /// A burn linear weight, `[d_input, d_output]`.
    pub fn into_linear(self, device: &Device) -> Tensor<2> {
        let [d_output, d_input] = self.dims;
        let values = transpose(&self.values, self.dims);
        Tensor::from_data(TensorData::new(values, [d_input, d_output]), device)
    }

    /// Reads a burn convolution weight, `[d_output, channels, k_h, k_w]`; `d_input = channels * k_h * k_w`.
    ///
    /// # Panics
    ///
    /// If the device cannot be read, as burn does.
    pub fn from_conv2d(weight: &Tensor<4>) -> Self {
        let layout = WeightLayout::of(&weight.dims()).expect("a convolution is a matrix");
        Self::from_layout(weight, layout)
    }

    /// Reads a parameter of this layout.
    pub(crate) fn from_layout<const D: usize>(weight: &Tensor<D>, layout: WeightLayout) -> Self {
        Self {
            values: layout.to_canonical(read(weight)),
            dims: layout.dims(),
        }
    }

    /// A burn convolution weight, `[d_output, channels, k_h, k_w]`, where `channels` counts the inputs of one group.
    ///
    /// # Errors
    ///
    /// [`TensorError::KernelMismatch`] if `channels * k_h * k_w` is not `d_input`.
    pub fn into_conv2d(self, kernel: [usize; 2], channels: usize, device: &Device) -> Result<Tensor<4>> {
        let [d_output, d_input] = self.dims;
        if channels * kernel[0] * kernel[1] != d_input {
            return Err(TensorError::KernelMismatch {
                kernel,
                channels,
                d_input,
            });
        }
        let data = TensorData::new(self.values, [d_output, channels, kernel[0], kernel[1]]);
        Ok(Tensor::from_data(data, device))
    }

    /// `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// Number of outputs.
    pub fn d_output(&self) -> usize {
        self.dims[0]
    }

    /// Number of inputs of every output.
    pub fn d_input(&self) -> usize {
        self.dims[1]
    }

    /// Number of weights.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no weights.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All weights, output after output.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All weights, output after output.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The weights without their dimensions.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// The weights of one output.
    ///
    /// # Panics
    ///
    /// If there is no such output.
    pub fn output(&self, output: usize) -> &[f32] {
        let d_input = self.dims[1];
        &self.values[output * d_input..][..d_input]
    }

    /// Refuses NaN and infinite weights; `path` names the matrix in the error.
    ///
    /// # Errors
    ///
    /// [`TensorError::NonFiniteWeight`] with the first such weight.
    pub fn check_finite(&self, path: &str) -> Result<()> {
        // Whole chunks first: the search for the first offender is slow, and almost never needed.
        let is_clean = |chunk: &[f32]| chunk.iter().fold(true, |clean, value| clean & value.is_finite());
        if self.values.par_chunks(1 << 14).all(is_clean) {
            return Ok(());
        }
        let index = self
            .values
            .iter()
            .position(|value| !value.is_finite())
            .expect("a chunk holds an offender");
        Err(TensorError::NonFiniteWeight {
            path: path.to_owned(),
            output: index / self.dims[1],
            input: index % self.dims[1],
            value: self.values[index],
        })
    }

    /// Number of weights that are zero, of either sign.
    pub fn n_zeros(&self) -> usize {
        self.values.par_iter().filter(|value| **value == 0.0).count()
    }

    /// The measured fraction of zeros; 0 for a matrix without weights.
    pub fn sparsity(&self) -> f64 {
        fraction(self.n_zeros(), self.len())
    }
}

/// `part / whole`, and 0 of nothing.
pub(crate) fn fraction(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Whether `got` elements fill `dims`; false for a product that overflows.
pub(crate) fn check_len(what: &'static str, got: usize, dims: [usize; 2]) -> Result<()> {
    let expected = dims[0].saturating_mul(dims[1]);
    if got == expected {
        Ok(())
    } else {
        Err(TensorError::LengthMismatch { what, expected, got })
    }
}

/// The tensor's values as f32, row-major.
pub(crate) fn read<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor
        .clone()
        .without_autodiff()
        .try_into_vec_as::<f32>()
        .unwrap_or_else(|error| panic!("a float tensor can be read from its device: {error}"))
}
