//! Errors of this crate.

/// The result of this crate's functions.
pub type Result<T> = core::result::Result<T, FormulaError>;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormulaError {
    /// Two lists whose lengths do not match.
    #[error("{what}: expected {expected} values, got {got}")]
    Length {
        /// Name of the things counted.
        what: &'static str,
        /// The expected number.
        expected: usize,
        /// The given number.
        got: usize,
    },
    /// A sample that is NaN or infinite.
    #[error("sample {index} of {what} is {value}, expected a finite number")]
    NotFinite {
        /// Name of the samples.
        what: &'static str,
        /// Index of the first such sample.
        index: usize,
        /// Value of the sample.
        value: f64,
    },
    /// A constant of a formula that is NaN or infinite.
    #[error(
        "the formula has the constant {value}, which is not finite: it was computed from numbers that are too large"
    )]
    Constant {
        /// The constant.
        value: f64,
    },
    /// A name that no function has.
    #[error("there is no function {name:?}; the functions are: {known}")]
    UnknownFunction {
        /// The name.
        name: String,
        /// The names of all functions.
        known: String,
    },
    /// A polynomial of a degree that is too high.
    #[error("a polynomial has degree {most} at most, got {got}")]
    Degree {
        /// The highest degree.
        most: u8,
        /// The degree asked for.
        got: u8,
    },
}
