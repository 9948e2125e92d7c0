//! The Gram matrix of a layer's inputs, with everything that methods derive from it alone.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;
use secateurs_tensor::{GramAccumulator, WeightMatrix};

use crate::algebra::memo::Memo;
use crate::algebra::product::{dot, first_non_finite, times_square};
use crate::algebra::ridge::RidgeInverse;
use crate::algebra::singular::Singular;
use crate::algebra::spectrum::Spectrum;
use crate::algebra::square::Square;
use crate::algebra::sweep::SweepFactor;
use crate::error::PruneError;

/// `G = X^T X` over all calibration tokens, `[d_input, d_input]`.
///
/// Build one per input and lend it to every layer that reads this input (query, key and value; gate and up): the
/// factorisations that the methods need depend on `G` and the damping only and are computed once.
///
/// # Examples
///
/// ```
/// use secateurs_prune::Gram;
/// use secateurs_tensor::WeightMatrix;
///
/// let gram = Gram::from_values(vec![4.0, 0.0, 0.0, 1.0], 2)?;
/// assert_eq!(gram.l2_norms(), [2.0, 1.0]);
/// let dense = WeightMatrix::new(vec![1.0, 2.0], [1, 2])?;
/// let pruned = WeightMatrix::new(vec![1.0, 0.0], [1, 2])?;
/// assert_eq!(gram.relative_error(&dense, &pruned), 0.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Gram {
    d_input: usize,
    values: Vec<f64>,
    non_finite: Option<usize>,
    scaled: OnceLock<Vec<f32>>,
    sweeps: Memo<SweepFactor>,
    ridges: Memo<RidgeInverse>,
    spectra: Memo<Spectrum>,
}

impl Gram {
    /// The Gram matrix as accumulated so far.
    pub fn new(accumulator: &GramAccumulator) -> Self {
        Self::of(accumulator.gram().to_vec(), accumulator.d_input())
    }

    /// A Gram matrix from elsewhere, row-major and full.
    ///
    /// # Errors
    ///
    /// If there are not `d_input^2` values or if they are not symmetric to 1e-6 of the diagonal. Entries that are NaN or
    /// infinite are reported by the method that is to use them, with the layer's path.
    pub fn from_values(mut values: Vec<f64>, d_input: usize) -> Result<Self, PruneError> {
        let expected = d_input.saturating_mul(d_input);
        if values.len() != expected {
            return Err(PruneError::GramLength {
                d_input,
                expected,
                got: values.len(),
            });
        }
        for row in 0..d_input {
            for column in 0..row {
                let [value, mirrored] = [values[row * d_input + column], values[column * d_input + row]];
                let bound = 1e-6
                    * (values[row * d_input + row] * values[column * d_input + column])
                        .abs()
                        .sqrt();
                if (value - mirrored).abs() > bound {
                    return Err(PruneError::NotSymmetric {
                        row,
                        column,
                        value,
                        mirrored,
                    });
                }
                let mean = 0.5 * (value + mirrored);
                values[row * d_input + column] = mean;
                values[column * d_input + row] = mean;
            }
        }
        Ok(Self::of(values, d_input))
    }

    fn of(values: Vec<f64>, d_input: usize) -> Self {
        let non_finite = first_non_finite(&values);
        Self {
            d_input,
            values,
            non_finite,
            scaled: OnceLock::new(),
            sweeps: Memo::default(),
            ridges: Memo::default(),
            spectra: Memo::default(),
        }
    }

    /// Number of inputs.
    pub fn d_input(&self) -> usize {
        self.d_input
    }

    /// `X^T X`, row-major and full.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// `||X_j||`, the square root of the diagonal.
    pub fn l2_norms(&self) -> Vec<f32> {
        let square = self.square();
        square.diagonal().map(|value| value.max(0.0).sqrt() as f32).collect()
    }

    /// Inputs that were zero on every token.
    pub fn dead_inputs(&self) -> Vec<usize> {
        self.square()
            .diagonal()
            .enumerate()
            .filter(|(_, value)| *value == 0.0)
            .map(|(input, _)| input)
            .collect()
    }

    /// `||(W - W^) X||^2 / ||W X||^2`; 0 where both are 0, and where no input carries a signal.
    ///
    /// Computed in f32 with sums in f64.
    ///
    /// # Panics
    ///
    /// If the matrices differ in dimensions from each other or from this one.
    pub fn relative_error(&self, dense: &WeightMatrix, pruned: &WeightMatrix) -> f64 {
        assert_eq!(
            dense.dims(),
            pruned.dims(),
            "the pruned matrix has the dimensions of the dense one"
        );
        assert_eq!(
            dense.d_input(),
            self.d_input,
            "the Gram matrix has the inputs of the layer"
        );
        let difference: Vec<f32> = dense
            .values()
            .par_iter()
            .zip(pruned.values())
            .map(|(w, p)| w - p)
            .collect();
        let lost = self.energy(&difference);
        let whole = self.energy(dense.values());
        if lost == 0.0 || whole == 0.0 { 0.0 } else { lost / whole }
    }

    /// Computes `trace(V G V^T)` up to the scale of `G`, for `V` of shape `[n, d_input]`.
    fn energy(&self, values: &[f32]) -> f64 {
        if values.is_empty() {
            return 0.0;
        }
        let product = times_square(values, self.scaled(), self.d_input);
        let outputs = values
            .par_chunks_exact(self.d_input)
            .zip(product.par_chunks_exact(self.d_input));
        // Collected before they are summed, so that the order of the sum does not depend on the threads.
        let energies: Vec<f32> = outputs.map(|(values, product)| dot(values, product)).collect();
        energies.iter().map(|energy| f64::from(*energy)).sum::<f64>().max(0.0)
    }

    /// The Gram matrix over its mean diagonal, so that f32 holds the energies of any activation scale.
    fn scaled(&self) -> &[f32] {
        // No rayon in here: see `Memo` on waiting for oneself.
        self.scaled.get_or_init(|| {
            let mean = self.mean_diagonal();
            let scale = if mean > 0.0 { 1.0 / mean } else { 0.0 };
            self.values.iter().map(|value| (value * scale) as f32).collect()
        })
    }

    /// Position and value of the first entry that is NaN or infinite.
    pub(crate) fn non_finite(&self) -> Option<(usize, usize, f64)> {
        self.non_finite
            .map(|index| (index / self.d_input, index % self.d_input, self.values[index]))
    }

    pub(crate) fn mean_diagonal(&self) -> f64 {
        self.square().mean_diagonal()
    }

    fn square(&self) -> Square<'_> {
        Square {
            values: &self.values,
            d_input: self.d_input,
        }
    }

    /// The factor that SparseGPT sweeps with.
    pub(crate) fn sweep(&self, damping: f64) -> Result<Arc<SweepFactor>, Singular> {
        self.sweeps
            .get_or_try(damping, || SweepFactor::of(self.square(), damping))
    }

    /// The inverse that L-ADMM multiplies with.
    pub(crate) fn ridge(&self, damping: f64) -> Result<Arc<RidgeInverse>, Singular> {
        self.ridges
            .get_or_try(damping, || RidgeInverse::of(self.square(), damping))
    }

    /// The eigenvalues and eigenvectors that ALPS makes its inverses from.
    pub(crate) fn spectrum(&self, damping: f64) -> Result<Arc<Spectrum>, Singular> {
        self.spectra
            .get_or_try(damping, || Spectrum::of(self.square(), damping))
    }
}
