//! The Cholesky factorisation, and the reasons of its failures.

use std::fmt;

use faer::linalg::solvers::Llt;
use faer::{Mat, Side};

/// The reason why a Gram matrix could not be factorised.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Singular {
    /// A pivot of the Cholesky factorisation is not positive.
    Pivot { index: usize },
    /// An eigenvalue is not positive.
    Eigenvalue { value: f64 },
    /// The eigenvalue iteration does not converge.
    NoConvergence,
}

impl fmt::Display for Singular {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pivot { index } => write!(f, "the Gram matrix is not positive definite at input {index}"),
            Self::Eigenvalue { value } => write!(f, "the Gram matrix has the eigenvalue {value:e}"),
            Self::NoConvergence => f.write_str("the eigenvalues of the Gram matrix do not converge"),
        }
    }
}

/// The lower Cholesky factor.
pub(crate) fn cholesky(matrix: &Mat<f64>) -> Result<Llt<f64>, Singular> {
    Llt::new(matrix.as_ref(), Side::Lower).map_err(|error| match error {
        faer::linalg::cholesky::llt::factor::LltError::NonPositivePivot { index } => Singular::Pivot { index },
    })
}
