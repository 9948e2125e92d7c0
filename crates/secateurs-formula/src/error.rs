//! What can go wrong.

/// The result of this crate's functions.
pub type Result<T> = core::result::Result<T, FormulaError>;

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FormulaError {
    /// Two lists do not belong together.
    #[error("{what}: expected {expected} values, got {got}")]
    Length {
        /// Of what.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// A sample is NaN or infinite.
    #[error("sample {index} of {what} is {value}")]
    NotFinite {
        /// Of what.
        what: &'static str,
        /// Which one.
        index: usize,
        /// Its value.
        value: f64,
    },
    /// A constant of a formula is NaN or infinite.
    #[error("the formula has the constant {value}, which is no number; what it was made of is too large")]
    Constant {
        /// The constant.
        value: f64,
    },
    /// No function has this name.
    #[error("there is no function {name:?}; there are {known}")]
    UnknownFunction {
        /// The name.
        name: String,
        /// The names that there are.
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
