//! Gram matrices of calibration activations.

use core::ops::Range;

use burn::tensor::{DType, Tensor};
use rayon::prelude::*;

use crate::error::Result;
use crate::statistics::activations::{check_activations, check_width};
use crate::statistics::mirror::mirror;
use crate::weights::matrix::read;

/// Tokens of one f32 product: so few that its rounding does not matter, enough for its speed.
const CHUNK_TOKENS: usize = 1024;

/// Largest magnitude whose products of [`CHUNK_TOKENS`] squares stay within f32 for certain.
const DEVICE_LIMIT: f32 = 1e15;

/// Least width at which only the upper triangle is computed, in [`N_PANELS`] panels.
const PANEL_MIN: usize = 384;
const N_PANELS: usize = 3;

/// The Gram matrix `G = X^T X` of all observed activations `X`, `[d_input, d_input]`.
///
/// Products of up to 1024 tokens are taken in f32 on the tensor's device, and summed in f64 on the host. The result
/// is symmetric to the last bit.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use secateurs_tensor::GramAccumulator;
///
/// let mut gram = GramAccumulator::new(2);
/// gram.observe(&Tensor::from_data([[1.0, 2.0], [3.0, 4.0]], &secateurs_testkit::device()))?;
/// assert_eq!(gram.gram(), [10.0, 14.0, 14.0, 20.0]);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GramAccumulator {
    d_input: usize,
    n_tokens: usize,
    gram: Vec<f64>,
}

impl GramAccumulator {
    /// The Gram matrix of a layer of `d_input` inputs, before any token.
    pub fn new(d_input: usize) -> Self {
        Self {
            d_input,
            n_tokens: 0,
            gram: vec![0.0; d_input * d_input],
        }
    }

    /// Adds activations of shape `[n_tokens, d_input]`.
    ///
    /// # Errors
    ///
    /// [`TensorError::InputMismatch`](crate::TensorError::InputMismatch) for another width, [`TensorError::NonFiniteActivation`](crate::TensorError::NonFiniteActivation) for NaN or infinity.
    /// The matrix is then unchanged.
    pub fn observe(&mut self, inputs: &Tensor<2>) -> Result<()> {
        let [n_tokens, d_input] = inputs.dims();
        let _span = tracing::debug_span!("gram", n_tokens, d_input).entered();
        check_width(self.d_input, d_input)?;
        if n_tokens == 0 || d_input == 0 {
            self.n_tokens += n_tokens;
            return Ok(());
        }
        let values = read(inputs);
        let peak = peak(&values);
        if !peak.is_finite() {
            check_activations(&values, d_input)?;
        }
        if peak > DEVICE_LIMIT {
            self.add_on_host(&values);
        } else {
            self.add_on_device(&inputs.clone().without_autodiff().cast(DType::F32));
        }
        mirror(&mut self.gram, 0..d_input, d_input);
        self.n_tokens += n_tokens;
        Ok(())
    }

    /// Adds the tokens that `other` observed.
    ///
    /// # Errors
    ///
    /// [`TensorError::InputMismatch`](crate::TensorError::InputMismatch) if `other` has another width.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        check_width(self.d_input, other.d_input)?;
        self.gram
            .par_iter_mut()
            .zip(&other.gram)
            .for_each(|(sum, value)| *sum += value);
        self.n_tokens += other.n_tokens;
        Ok(())
    }

    /// Tokens observed.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// Number of inputs.
    pub fn d_input(&self) -> usize {
        self.d_input
    }

    /// `X^T X`, row-major and full.
    pub fn gram(&self) -> &[f64] {
        &self.gram
    }

    /// `||X_j||` over all tokens, per input: the square root of the diagonal.
    pub fn l2_norms(&self) -> Vec<f32> {
        self.gram
            .iter()
            .step_by(self.d_input + 1)
            .map(|value| value.sqrt() as f32)
            .collect()
    }

    /// Adds the upper triangle of the products, chunk by chunk.
    fn add_on_device(&mut self, inputs: &Tensor<2>) {
        let [n_tokens, d_input] = inputs.dims();
        for start in (0..n_tokens).step_by(CHUNK_TOKENS) {
            let chunk = inputs.clone().narrow(0, start, CHUNK_TOKENS.min(n_tokens - start));
            for panel in panels(d_input) {
                let left = chunk.clone().narrow(1, panel.start, panel.len());
                let right = chunk.clone().narrow(1, panel.start, d_input - panel.start);
                self.add_panel(panel, &read(&left.transpose().matmul(right)));
            }
        }
    }

    /// Adds a product to the rows of `panel`, from its first column to the last.
    fn add_panel(&mut self, panel: Range<usize>, product: &[f32]) {
        let d_input = self.d_input;
        let width = d_input - panel.start;
        self.gram[panel.start * d_input..panel.end * d_input]
            .par_chunks_exact_mut(d_input)
            .zip(product.par_chunks_exact(width))
            .for_each(|(sums, values)| {
                for (sum, value) in sums[panel.start..].iter_mut().zip(values) {
                    *sum += f64::from(*value);
                }
            });
    }

    /// Adds activations in f64, for magnitudes whose squares f32 cannot hold.
    fn add_on_host(&mut self, values: &[f32]) {
        let d_input = self.d_input;
        self.gram
            .par_chunks_exact_mut(d_input)
            .enumerate()
            .for_each(|(input, sums)| {
                for token in values.chunks_exact(d_input) {
                    let factor = f64::from(token[input]);
                    for (sum, value) in sums[input..].iter_mut().zip(&token[input..]) {
                        *sum += factor * f64::from(*value);
                    }
                }
            });
    }
}

/// The inputs of each panel of the upper triangle.
fn panels(d_input: usize) -> impl Iterator<Item = Range<usize>> {
    let width = if d_input < PANEL_MIN {
        d_input
    } else {
        d_input.div_ceil(N_PANELS)
    };
    (0..d_input)
        .step_by(width)
        .map(move |start| start..(start + width).min(d_input))
}

/// The largest magnitude; NaN counts as larger than infinity.
fn peak(values: &[f32]) -> f32 {
    let bits = values.par_chunks(crate::select::key::CHUNK).map(|values| {
        values
            .iter()
            .fold(0, |peak: u32, value| peak.max(value.abs().to_bits()))
    });
    f32::from_bits(bits.max().unwrap_or(0))
}
