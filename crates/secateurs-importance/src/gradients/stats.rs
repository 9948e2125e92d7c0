//! Gradients of a weight over calibration samples, in three running means.

use rayon::prelude::*;
use secateurs_tensor::WeightMatrix;

use crate::error::{ImportanceError, Result};

/// Running means of the gradient, its absolute value and its square, per weight.
///
/// One [`observe`](Self::observe) is one sample: the means are over calls, so feed the gradient of one sequence at a
/// time where a score averages over samples.
///
/// # Examples
///
/// ```
/// use secateurs_importance::GradientStats;
/// use secateurs_tensor::WeightMatrix;
///
/// let mut stats = GradientStats::new([1, 2]);
/// stats.observe("w", &WeightMatrix::new(vec![1.0, 2.0], [1, 2])?)?;
/// stats.observe("w", &WeightMatrix::new(vec![-3.0, 2.0], [1, 2])?)?;
/// assert_eq!(stats.mean(), [-1.0, 2.0]);
/// assert_eq!(stats.mean_absolute(), [2.0, 2.0]);
/// assert_eq!(stats.mean_square(), [5.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GradientStats {
    dims: [usize; 2],
    n_samples: usize,
    mean: Vec<f32>,
    mean_absolute: Vec<f32>,
    mean_square: Vec<f32>,
}

impl GradientStats {
    /// Statistics of weights `dims = [d_output, d_input]`, before any sample.
    pub fn new(dims: [usize; 2]) -> Self {
        let zeros = vec![0.0; dims[0] * dims[1]];
        Self {
            dims,
            n_samples: 0,
            mean: zeros.clone(),
            mean_absolute: zeros.clone(),
            mean_square: zeros,
        }
    }

    /// Adds the gradient of one sample; `path` names the layer in errors.
    ///
    /// # Errors
    ///
    /// For other dimensions, and for a gradient that is NaN or infinite; the means are then unchanged.
    pub fn observe(&mut self, path: &str, gradient: &WeightMatrix) -> Result<()> {
        self.check(path, gradient)?;
        self.n_samples += 1;
        let share = (1.0 / self.n_samples as f64) as f32;
        self.means_mut()
            .zip(gradient.values())
            .for_each(|((mean, absolute, square), value)| {
                *mean += (value - *mean) * share;
                *absolute += (value.abs() - *absolute) * share;
                *square += (value * value - *square) * share;
            });
        Ok(())
    }

    /// Adds the samples of `other`.
    ///
    /// # Errors
    ///
    /// [`ImportanceError::GradientDims`] if the dimensions differ; `path` names the layer.
    pub fn merge(&mut self, path: &str, other: &Self) -> Result<()> {
        self.check_dims(path, other.dims)?;
        if other.n_samples == 0 {
            return Ok(());
        }
        self.n_samples += other.n_samples;
        let share = (other.n_samples as f64 / self.n_samples as f64) as f32;
        let others = other.mean.par_iter().zip(&other.mean_absolute).zip(&other.mean_square);
        self.means_mut()
            .zip(others)
            .for_each(|((mean, absolute, square), ((m, a), s))| {
                *mean += (m - *mean) * share;
                *absolute += (a - *absolute) * share;
                *square += (s - *square) * share;
            });
        Ok(())
    }

    /// `[d_output, d_input]`.
    pub fn dims(&self) -> [usize; 2] {
        self.dims
    }

    /// Samples observed.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// Mean gradient, `[d_output, d_input]`.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// Mean absolute gradient, `[d_output, d_input]`.
    pub fn mean_absolute(&self) -> &[f32] {
        &self.mean_absolute
    }

    /// Mean squared gradient, the diagonal of the empirical Fisher matrix, `[d_output, d_input]`.
    pub fn mean_square(&self) -> &[f32] {
        &self.mean_square
    }

    fn means_mut(&mut self) -> impl IndexedParallelIterator<Item = (&mut f32, &mut f32, &mut f32)> {
        let first = self.mean.par_iter_mut().zip(&mut self.mean_absolute);
        first
            .zip(&mut self.mean_square)
            .map(|((mean, absolute), square)| (mean, absolute, square))
    }

    fn check(&self, path: &str, gradient: &WeightMatrix) -> Result<()> {
        self.check_dims(path, gradient.dims())?;
        let Some(index) = gradient.values().par_iter().position_first(|value| !value.is_finite()) else {
            return Ok(());
        };
        Err(ImportanceError::NonFiniteGradient {
            path: path.to_owned(),
            output: index / self.dims[1],
            input: index % self.dims[1],
            value: gradient.values()[index],
        })
    }

    fn check_dims(&self, path: &str, got: [usize; 2]) -> Result<()> {
        if got == self.dims {
            Ok(())
        } else {
            Err(ImportanceError::GradientDims {
                path: path.to_owned(),
                expected: self.dims,
                got,
            })
        }
    }
}
