//! Products of a student's expert outputs, for least squares.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use crate::draws::stream::{Purpose, Stream};
use crate::error::{Result, TheoryError};
use crate::matrix::{column, dot, product};
use crate::mixture::Mixture;
use crate::target::{FreshRows, Outputs, Target};

/// Means over rows of products of expert outputs `P = g h` with each other and with the target.
pub(crate) struct Correlations {
    /// Products of the outputs, `P'P / n`, `[n_experts, n_experts]`.
    pub(crate) gram: Mat<f64>,
    /// Products with the target, `P'y / n`, `[n_experts]`.
    pub(crate) with_target: Vec<f64>,
    /// Mean square of the target, `y'y / n`.
    pub(crate) target_square: f64,
}

impl Correlations {
    /// Products on fresh rows.
    ///
    /// # Errors
    ///
    /// If the target is not finite everywhere.
    pub(crate) fn new(student: &Mixture, target: Target<'_>, rows: FreshRows) -> Result<Self> {
        let stream = Stream {
            seed: rows.seed,
            purpose: Purpose::PruningRows,
        };
        let outputs = Outputs::new(student);
        let target = target.outputs(student);
        // The target is one more column.
        let products = |drawn: &[f64]| {
            let experts = outputs.block(drawn).expert_outputs();
            let targets = target(drawn);
            let n_experts = experts.ncols();
            let beside = Mat::from_fn(experts.nrows(), n_experts + 1, |row, i| {
                if i < n_experts { experts[(row, i)] } else { targets[row] }
            });
            product(beside.transpose(), beside.as_ref())
        };
        let blocks = stream.blocks(0, [rows.count, student.d_input()], products);
        let sum = blocks
            .into_iter()
            .reduce(|sum, block| sum + block)
            .expect("there is a row");
        let mean = sum / faer::Scale(rows.count as f64);
        let n = student.n_experts();
        let target_square = mean[(n, n)];
        if !target_square.is_finite() {
            return Err(TheoryError::OutOfRange {
                what: "the mean square of the target",
                range: "finite",
                got: target_square,
            });
        }
        Ok(Self {
            gram: mean.as_ref().submatrix(0, 0, n, n).to_owned(),
            with_target: column(&mean, n)[..n].to_vec(),
            target_square,
        })
    }

    /// Weights of these experts with the least mean squared error.
    pub(crate) fn weights(&self, kept: &[usize]) -> Result<Vec<f64>> {
        let n = kept.len();
        let gram = Mat::from_fn(n, n, |i, j| self.gram[(kept[i], kept[j])]);
        let right = Mat::from_fn(n, 1, |i, _| self.with_target[kept[i]]);
        let factor = gram
            .llt(Side::Lower)
            .map_err(|_| TheoryError::Singular { kept: kept.to_vec() })?;
        Ok(column(&factor.solve(right), 0).to_vec())
    }

    /// Computes half the mean squared error of these experts with the weights of least squares.
    pub(crate) fn loss(&self, kept: &[usize], weights: &[f64]) -> f64 {
        let explained: Vec<f64> = kept.iter().map(|i| self.with_target[*i]).collect();
        0.5 * (self.target_square - dot(&explained, weights)).max(0.0)
    }

    /// Absolute correlation of an expert with the residual of these experts; 0 for an expert that is always 0.
    pub(crate) fn with_residual(&self, expert: usize, kept: &[usize], weights: &[f64]) -> f64 {
        let explained: f64 = kept
            .iter()
            .zip(weights)
            .map(|(i, weight)| self.gram[(expert, *i)] * weight)
            .sum();
        let norm = self.gram[(expert, expert)].sqrt();
        if norm > 0.0 {
            (self.with_target[expert] - explained).abs() / norm
        } else {
            0.0
        }
    }
}
