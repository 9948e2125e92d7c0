//! The uncertainty of a number.

/// The key of a row whose spread is a deviation.
pub(super) const DEVIATION: &str = "deviation";
/// The key of a row whose spread is a standard error.
pub(super) const STANDARD_ERROR: &str = "standard_error";

/// The uncertainty of a number, in one of two senses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Standard deviation of single samples: how far one more run may lie from the mean.
    Deviation(f64),
    /// Standard error of a mean: how far the mean of other runs may lie from this one.
    StandardError(f64),
}

impl Spread {
    /// The number.
    pub fn size(self) -> f64 {
        match self {
            Self::Deviation(size) | Self::StandardError(size) => size,
        }
    }

    /// The kind, in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deviation(_) => "standard deviation",
            Self::StandardError(_) => "standard error",
        }
    }
}
