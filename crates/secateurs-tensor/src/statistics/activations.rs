//! Statistics of a layer's inputs, taken while they stream by.

use burn::tensor::Tensor;
use rayon::prelude::*;

use crate::error::{Result, TensorError};
use crate::weights::matrix::read;

/// Tokens that one task sums before its sums are merged.
const TOKENS_PER_TASK: usize = 256;

/// Sums over calibration tokens of every input: `sum x` and `sum x^2`, in f64.
///
/// # Examples
///
/// ```
/// use burn::tensor::Tensor;
/// use secateurs_tensor::ActivationStats;
///
/// let mut stats = ActivationStats::new(2);
/// stats.observe(&Tensor::from_data([[3.0, 1.0], [4.0, -1.0]], &secateurs_testkit::device()))?;
/// assert_eq!(stats.l2_norms(), [5.0, 2f32.sqrt()]);
/// assert_eq!(stats.mean(), [3.5, 0.0]);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationStats {
    n_tokens: usize,
    sums: Vec<Sums>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sums {
    first: f64,
    second: f64,
}

impl ActivationStats {
    /// Statistics of a layer of `d_input` inputs, before any token.
    pub fn new(d_input: usize) -> Self {
        Self {
            n_tokens: 0,
            sums: vec![Sums::default(); d_input],
        }
    }

    /// Adds activations of shape `[n_tokens, d_input]`.
    ///
    /// # Errors
    ///
    /// [`TensorError::InputMismatch`] for another width, [`TensorError::NonFiniteActivation`] for NaN or infinity.
    /// The statistics are then unchanged.
    pub fn observe(&mut self, inputs: &Tensor<2>) -> Result<()> {
        let [n_tokens, d_input] = inputs.dims();
        check_width(self.sums.len(), d_input)?;
        if n_tokens == 0 || d_input == 0 {
            self.n_tokens += n_tokens;
            return Ok(());
        }
        let values = read(inputs);
        // Squares of f32 cannot overflow f64: only a non-finite input gives a non-finite sum.
        let sums = sum_tokens(&values, d_input);
        if sums.iter().any(|sum| !sum.second.is_finite()) {
            check_activations(&values, d_input)?;
        }
        add(&mut self.sums, &sums);
        self.n_tokens += n_tokens;
        Ok(())
    }

    /// Adds the tokens that `other` observed.
    ///
    /// # Errors
    ///
    /// [`TensorError::InputMismatch`] if `other` has another width.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        check_width(self.sums.len(), other.sums.len())?;
        add(&mut self.sums, &other.sums);
        self.n_tokens += other.n_tokens;
        Ok(())
    }

    /// Number of inputs.
    pub fn d_input(&self) -> usize {
        self.sums.len()
    }

    /// Tokens observed.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// `sqrt(sum x^2)` over all tokens, per input.
    pub fn l2_norms(&self) -> Vec<f32> {
        self.sums.iter().map(|sum| sum.second.sqrt() as f32).collect()
    }

    /// Mean over all tokens, per input; 0 if there were none.
    pub fn mean(&self) -> Vec<f32> {
        let n_tokens = self.n_tokens.max(1) as f64;
        self.sums.iter().map(|sum| (sum.first / n_tokens) as f32).collect()
    }
}

/// Sums blocks of tokens in parallel, then adds the blocks in order, so that the result does not depend on threads.
fn sum_tokens(values: &[f32], d_input: usize) -> Vec<Sums> {
    let blocks: Vec<Vec<Sums>> = values
        .par_chunks(TOKENS_PER_TASK * d_input)
        .map(|tokens| {
            let mut sums = vec![Sums::default(); d_input];
            for token in tokens.chunks_exact(d_input) {
                for (sum, value) in sums.iter_mut().zip(token) {
                    let value = f64::from(*value);
                    sum.first += value;
                    sum.second += value * value;
                }
            }
            sums
        })
        .collect();
    let mut total = vec![Sums::default(); d_input];
    for block in &blocks {
        add(&mut total, block);
    }
    total
}

fn add(total: &mut [Sums], sums: &[Sums]) {
    for (total, sum) in total.iter_mut().zip(sums) {
        total.first += sum.first;
        total.second += sum.second;
    }
}

/// Refuses activations of another width than the statistics.
pub(crate) fn check_width(expected: usize, got: usize) -> Result<()> {
    if expected == got {
        Ok(())
    } else {
        Err(TensorError::InputMismatch { expected, got })
    }
}

/// Refuses NaN and infinite activations, `[n_tokens, d_input]`.
pub(crate) fn check_activations(values: &[f32], d_input: usize) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(TensorError::NonFiniteActivation {
            token: index / d_input,
            input: index % d_input,
            value: values[index],
        }),
    }
}
