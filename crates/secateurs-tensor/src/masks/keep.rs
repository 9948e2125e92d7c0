//! Masks of the weights that survive.

use burn::tensor::{Bool, Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::error::{Result, TensorError};
use crate::select::key::CHUNK;
use crate::vocabulary::nm::NmPattern;
use crate::weights::matrix::{WeightMatrix, check_len, fraction};
use crate::weights::transpose::transpose;

/// A mask over a weight matrix, `[d_output, d_input]`: `true` means the weight survives.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::{KeepMask, WeightMatrix};
///
/// let mut weight = WeightMatrix::new(vec![1.0, -2.0, 3.0, -0.0], [2, 2])?;
/// let mask = KeepMask::new(vec![true, false, true, true], [2, 2])?;
/// mask.apply(&mut weight)?;
/// assert_eq!(weight.values(), [1.0, 0.0, 3.0, 0.0]);
/// assert!(weight.values().iter().all(|value| value.is_sign_positive()));
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepMask {
    keep: Vec<bool>,
    dims: [usize; 2],
}

impl KeepMask {
    /// Wraps a row-major mask of `dims = [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// [`TensorError::LengthMismatch`] if the dimensions do not fit.
    pub fn new(keep: Vec<bool>, dims: [usize; 2]) -> Result<Self> {
        check_len("mask", keep.len(), dims)?;
        Ok(Self { keep, dims })
    }

    /// Keeps everything.
    pub fn all(dims: [usize; 2]) -> Self {
        Self {
            keep: vec![true; dims[0] * dims[1]],
            dims,
        }
    }

    /// Keeps every weight that is not zero.
    pub fn of_nonzeros(weight: &WeightMatrix) -> Self {
        Self {
            keep: weight.values().par_iter().map(|value| *value != 0.0).collect(),
            dims: weight.dims(),
        }
    }

    /// Whether a weight survives.
    ///
    /// # Panics
    ///
    /// If there is no such weight.
    pub fn keeps(&self, output: usize, input: usize) -> bool {
        self.output(output)[input]
    }

    /// The mask, output after output.
    pub fn as_slice(&self) -> &[bool] {
        &self.keep
    }

    /// The mask of one output.
    ///
    /// # Panics
    ///
    /// If there is no such output.
    pub fn output(&self, output: usize) -> &[bool] {
        let d_input = self.dims[1];
        &self.keep[output * d_input..][..d_input]
    }

    /// `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// Number of weights that survive.
    pub fn n_kept(&self) -> usize {
        self.keep
            .par_chunks(CHUNK)
            .map(|keep| keep.iter().filter(|keep| **keep).count())
            .sum()
    }

    /// Number of pruned weights.
    pub fn n_pruned(&self) -> usize {
        self.keep.len() - self.n_kept()
    }

    /// The fraction of pruned weights; 0 for a mask without weights.
    pub fn sparsity(&self) -> f64 {
        fraction(self.n_pruned(), self.keep.len())
    }

    /// Sets pruned weights to +0.0. A kept -0.0 becomes +0.0 too, so that no zero carries a sign.
    ///
    /// # Errors
    ///
    /// [`TensorError::DimsMismatch`] if the weight has other dimensions; it is then unchanged.
    pub fn apply(&self, weight: &mut WeightMatrix) -> Result<()> {
        if weight.dims() != self.dims {
            return Err(TensorError::DimsMismatch {
                what: "mask",
                expected: weight.dims(),
                got: self.dims,
            });
        }
        weight
            .values_mut()
            .par_chunks_mut(CHUNK)
            .zip(self.keep.par_chunks(CHUNK))
            .for_each(|(values, keep)| {
                for (value, keep) in values.iter_mut().zip(keep) {
                    if !*keep || *value == 0.0 {
                        *value = 0.0;
                    }
                }
            });
        Ok(())
    }

    /// Checks that every group keeps at most as many weights as the pattern allows.
    ///
    /// # Errors
    ///
    /// [`TensorError::IndivisibleGroup`] if the groups do not tile the inputs, [`TensorError::NmViolated`] with the
    /// first group that keeps too much.
    pub fn check_nm(&self, pattern: NmPattern) -> Result<()> {
        pattern.check(self.dims[1])?;
        let kept = |group: &[bool]| group.iter().filter(|keep| **keep).count();
        let Some(group) = self
            .keep
            .par_chunks(pattern.group())
            .position_first(|group| kept(group) > pattern.keep())
        else {
            return Ok(());
        };
        let start = group * pattern.group();
        Err(TensorError::NmViolated {
            output: start / self.dims[1],
            input: start % self.dims[1],
            kept: kept(&self.keep[start..][..pattern.group()]),
            keep: pattern.keep(),
        })
    }

    /// The mask of a burn linear weight, `[d_input, d_output]`.
    pub fn to_linear_tensor(&self, device: &Device) -> Tensor<2, Bool> {
        let [d_output, d_input] = self.dims;
        Tensor::from_data(
            TensorData::new(transpose(&self.keep, self.dims), [d_input, d_output]),
            device,
        )
    }

    /// The mask of a burn convolution weight, with the inputs still flat: `[d_output, d_input]`.
    pub(crate) fn to_flat_tensor(&self, device: &Device) -> Tensor<2, Bool> {
        Tensor::from_data(TensorData::new(self.keep.clone(), self.dims), device)
    }
}
