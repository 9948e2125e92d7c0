//! Least squares with a penalty on the coefficients.

use faer::linalg::cholesky::llt::factor::LltError;
use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use crate::{CausalError, Result};

/// Share of a column that the columns before it must leave unexplained; with less, rounding decides about its
/// coefficient.
const LEAST_PIVOT: f64 = 1e-12;

/// Penalties to choose from, each positive; generalised cross-validation chooses unless there is only one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge(Vec<f64>);

impl Ridge {
    /// This one penalty.
    ///
    /// # Errors
    ///
    /// If it is not positive and finite.
    pub fn fixed(penalty: f64) -> Result<Self> {
        Self::by_gcv([penalty])
    }

    /// The penalty with the least `n RSS / (n - tr H)^2`, where `H` maps the outcomes to the fitted ones; the first
    /// among equals.
    ///
    /// A penalty so small that the normal equations cannot be solved, or that leaves nothing to judge by, is left out of the
    /// choice.
    ///
    /// # Errors
    ///
    /// If there is none, or one is not positive and finite.
    pub fn by_gcv(penalties: impl IntoIterator<Item = f64>) -> Result<Self> {
        let penalties: Vec<f64> = penalties.into_iter().collect();
        let bad = |penalty: &&f64| !(**penalty > 0.0 && penalty.is_finite());
        let wrong = penalties.iter().find(bad).copied();
        match wrong.or(penalties.is_empty().then_some(f64::NAN)) {
            None => Ok(Self(penalties)),
            Some(got) => Err(CausalError::OutOfRange {
                what: "ridge penalty",
                range: "positive and finite",
                got,
            }),
        }
    }

    /// The penalties.
    pub fn penalties(&self) -> &[f64] {
        &self.0
    }
}

/// Result of least squares with a penalty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Solution {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) penalty: f64,
    /// Penalties that could not be judged.
    pub(crate) skipped: Vec<f64>,
}

/// Columns and outcomes of rows, and their products.
struct Equations<'a> {
    f: &'a Mat<f64>,
    y: Mat<f64>,
    gram: Mat<f64>,
    right: Mat<f64>,
}

/// The solution `b` of `(F'F + penalty I) b = F'y`, where the first column of F, `[n, p]`, is the intercept's and has
/// no penalty.
///
/// All other columns are to be of everyday size.
pub(crate) fn solve(f: &Mat<f64>, y: &[f64], ridge: &Ridge) -> Result<Solution> {
    let y = Mat::from_fn(y.len(), 1, |row, _| y[row]);
    let (gram, right) = (f.transpose() * f, f.transpose() * &y);
    let equations = Equations { f, y, gram, right };
    if let [penalty] = ridge.0[..] {
        return Ok(Solution {
            coefficients: first_column(&equations.solve(&equations.right, penalty)?),
            penalty,
            skipped: Vec::new(),
        });
    }
    let mut judged: Vec<_> = ridge.0.iter().map(|&penalty| equations.judge(penalty)).collect();
    let score = |at: &usize| judged[*at].as_ref().map_or(f64::INFINITY, |(score, _)| *score);
    let best = (0..judged.len()).min_by(|a, b| score(a).total_cmp(&score(b)));
    let best = best.expect("a ridge has a penalty");
    let failed = ridge.0.iter().zip(&judged).filter(|(_, judged)| judged.is_err());
    let skipped = failed.map(|(penalty, _)| *penalty).collect();
    let (_, coefficients) = judged.swap_remove(best)?;
    Ok(Solution {
        coefficients,
        penalty: ridge.0[best],
        skipped,
    })
}

impl Equations<'_> {
    fn solve(&self, right: &Mat<f64>, penalty: f64) -> Result<Mat<f64>> {
        penalised(&self.gram, right, &penalties(self.gram.nrows(), penalty))
    }

    /// The score of generalised cross-validation, and the coefficients.
    fn judge(&self, penalty: f64) -> Result<(f64, Vec<f64>)> {
        // Coefficients, and beside them (F'F + penalty I)^-1 F'F, which has the trace of H.
        let p = self.gram.nrows();
        let beside = Mat::from_fn(p, p + 1, |row, column| match column {
            0 => self.right[(row, 0)],
            column => self.gram[(row, column - 1)],
        });
        let solved = self.solve(&beside, penalty)?;
        let trace: f64 = (0..p).map(|row| solved[(row, row + 1)]).sum();
        let n = self.f.nrows() as f64;
        let left = n - trace;
        if left <= LEAST_PIVOT * n {
            return Err(CausalError::Interpolates { ridge: penalty });
        }
        let residual = &self.y - self.f * solved.subcols(0, 1);
        let score = n * residual.squared_norm_l2() / (left * left);
        Ok((score, first_column(&solved)))
    }
}

/// The solution `B` of `(gram + diag(penalties)) B = right`.
pub(crate) fn penalised(gram: &Mat<f64>, right: &Mat<f64>, penalties: &[f64]) -> Result<Mat<f64>> {
    let mut normal = gram.clone();
    for (at, penalty) in penalties.iter().enumerate() {
        normal[(at, at)] += penalty;
    }
    let singular = |pivot| CausalError::Singular {
        ridge: penalties.last().copied().unwrap_or(0.0),
        pivot,
    };
    let factor = normal
        .llt(Side::Lower)
        .map_err(|LltError::NonPositivePivot { index }| singular(index))?;
    // A pivot is the part of a column that the columns before it leave unexplained.
    let lost = |&at: &usize| factor.L()[(at, at)].powi(2) <= LEAST_PIVOT * normal[(at, at)];
    match (0..penalties.len()).find(lost) {
        None => Ok(factor.solve(right)),
        Some(pivot) => Err(singular(pivot)),
    }
}

/// Penalties of the columns: none for the intercept, `ridge` for all others.
pub(crate) fn penalties(columns: usize, ridge: f64) -> Vec<f64> {
    let mut all = vec![ridge; columns];
    all[0] = 0.0;
    all
}

/// The entries of a matrix of one column, or of the first.
pub(crate) fn first_column(solved: &Mat<f64>) -> Vec<f64> {
    (0..solved.nrows()).map(|row| solved[(row, 0)]).collect()
}
