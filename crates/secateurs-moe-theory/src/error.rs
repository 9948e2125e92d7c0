//! Errors of this crate.

/// The result of a fallible operation of this crate.
pub type Result<T, E = TheoryError> = core::result::Result<T, E>;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TheoryError {
    /// A size that must be at least one.
    #[error("{what} must be at least 1")]
    Zero {
        /// The size.
        what: &'static str,
    },
    /// A request for more teachers than there are orthonormal vectors.
    #[error("{n_experts} orthonormal routers and experts do not fit into {d_input} dimensions")]
    TooManyTeachers {
        /// Teachers requested.
        n_experts: usize,
        /// Number of dimensions.
        d_input: usize,
    },
    /// A student that cannot hold its teacher.
    #[error("a student with {n_experts} experts cannot learn a teacher with {n_teachers}")]
    TooFewExperts {
        /// Experts of the student.
        n_experts: usize,
        /// Experts of the teacher.
        n_teachers: usize,
    },
    /// Two things whose sizes should be equal.
    #[error("{what}: expected {expected}, got {got}")]
    Size {
        /// Name of the things counted.
        what: &'static str,
        /// The expected size.
        expected: usize,
        /// The size found.
        got: usize,
    },
    /// A number of a configuration outside its range.
    #[error("{what} must be {range}, got {got}")]
    OutOfRange {
        /// The number.
        what: &'static str,
        /// The accepted range.
        range: &'static str,
        /// The value.
        got: f64,
    },
    /// A number of experts to keep that the student does not have.
    #[error("{n_kept} of {n_experts} experts cannot be kept; keep 1 to {n_experts}")]
    Kept {
        /// Experts to keep.
        n_kept: usize,
        /// Number of experts.
        n_experts: usize,
    },
    /// A loss that became NaN or infinite.
    #[error("the loss is {loss} after {step} steps; the learning rate may be too high")]
    LossNotFinite {
        /// Steps that had been taken.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// A weight that is NaN.
    #[error("the weight of expert {expert} is NaN")]
    NanWeight {
        /// The first such expert.
        expert: usize,
    },
    /// Experts whose weights least squares does not determine, because some experts are combinations of the others.
    #[error("least squares does not determine the weights of experts {kept:?}: their outputs depend on each other")]
    Singular {
        /// The experts.
        kept: Vec<usize>,
    },
}

/// Refuses zero.
pub(crate) fn at_least_one(what: &'static str, value: usize) -> Result<usize> {
    if value == 0 {
        Err(TheoryError::Zero { what })
    } else {
        Ok(value)
    }
}

/// Refuses a size other than `expected`.
pub(crate) fn same_size(what: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        Ok(())
    } else {
        Err(TheoryError::Size { what, expected, got })
    }
}

/// Refuses a number that is negative or not finite.
pub(crate) fn not_negative(what: &'static str, got: f64) -> Result<f64> {
    if got >= 0.0 && got.is_finite() {
        Ok(got)
    } else {
        let range = "at least 0 and finite";
        Err(TheoryError::OutOfRange { what, range, got })
    }
}
