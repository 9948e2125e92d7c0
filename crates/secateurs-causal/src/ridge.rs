//! Least squares with a penalty on the coefficients.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use crate::{CausalError, Result};

/// The penalty of the first column, the intercept: enough to make the equations solvable, too little to matter.
const OF_INTERCEPT: f64 = 1e-8;

/// Penalties to choose from, each positive; the choice is by generalised cross-validation unless there is only one.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge(Vec<f64>);

impl Ridge {
    /// This penalty.
    ///
    /// # Errors
    ///
    /// If it is not positive and finite.
    pub fn fixed(penalty: f64) -> Result<Self> {
        Self::by_gcv([penalty])
    }

    /// The one with the least `n RSS / (n - tr H)^2`, where `H` takes the outcomes to the fitted ones; the first among equals.
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

/// What least squares with a penalty found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Solution {
    pub(crate) coefficients: Vec<f64>,
    pub(crate) penalty: f64,
}

/// `b` with `(F'F + penalty I) b = F'y`, where the first column of F, `[n, p]`, is the intercept's and has next to no penalty.
pub(crate) fn solve(f: &Mat<f64>, y: &[f64], ridge: &Ridge) -> Result<Solution> {
    let y = Mat::from_fn(y.len(), 1, |row, _| y[row]);
    let gram = f.transpose() * f;
    let right = f.transpose() * &y;
    if let [penalty] = ridge.0[..] {
        let coefficients = penalised(&gram, &right, &penalties(gram.nrows(), penalty))?;
        return Ok(solution(&coefficients, penalty));
    }
    let mut best: Option<(f64, Solution)> = None;
    for &penalty in &ridge.0 {
        // Coefficients, and beside them (F'F + penalty I)^-1 F'F, whose trace is that of H.
        let beside = Mat::from_fn(gram.nrows(), gram.ncols() + 1, |row, column| match column {
            0 => right[(row, 0)],
            column => gram[(row, column - 1)],
        });
        let solved = penalised(&gram, &beside, &penalties(gram.nrows(), penalty))?;
        let trace: f64 = (0..gram.nrows()).map(|row| solved[(row, row + 1)]).sum();
        let n = f.nrows() as f64;
        let residual = &y - f * solved.subcols(0, 1);
        let score = n * residual.squared_norm_l2() / (n - trace).powi(2);
        if best.as_ref().is_none_or(|(least, _)| score < *least) {
            best = Some((score, solution(&solved, penalty)));
        }
    }
    let (_, solution) = best.expect("there is a penalty");
    Ok(solution)
}

/// `B` with `(gram + diag(penalties)) B = right`.
pub(crate) fn penalised(gram: &Mat<f64>, right: &Mat<f64>, penalties: &[f64]) -> Result<Mat<f64>> {
    let mut normal = gram.clone();
    for (at, penalty) in penalties.iter().enumerate() {
        normal[(at, at)] += penalty;
    }
    match normal.llt(Side::Lower) {
        Ok(factor) => Ok(factor.solve(right)),
        Err(faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index }) => Err(CausalError::Singular {
            ridge: penalties.last().copied().unwrap_or(0.0),
            pivot: index,
        }),
    }
}

/// That of the intercept, then the same for all other columns.
pub(crate) fn penalties(columns: usize, ridge: f64) -> Vec<f64> {
    let mut all = vec![ridge; columns];
    all[0] = OF_INTERCEPT;
    all
}

/// The entries of a matrix of one column, or of the first.
pub(crate) fn first_column(solved: &Mat<f64>) -> Vec<f64> {
    (0..solved.nrows()).map(|row| solved[(row, 0)]).collect()
}

fn solution(solved: &Mat<f64>, penalty: f64) -> Solution {
    Solution {
        coefficients: first_column(solved),
        penalty,
    }
}
