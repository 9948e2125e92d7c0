//! The fraction of weights that are pruned.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Result, TensorError};

/// Absorbs the rounding of `n * s`: 0.7 of 10 is 7, although `10.0 * 0.7` may fall below.
const COUNT_SLACK: f64 = 1e-6;

/// The fraction of zero weights, in `[0, 1)`.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::Sparsity;
///
/// let half = Sparsity::new(0.5)?;
/// assert_eq!(half.pruned_count(7), 3);
/// assert_eq!("50%".parse::<Sparsity>()?, half);
/// assert!(Sparsity::new(1.0).is_err());
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Sparsity(f64);

impl Sparsity {
    /// Sparsity zero: no weight is pruned.
    pub const DENSE: Self = Self(0.0);

    /// A sparsity of `value`.
    ///
    /// # Errors
    ///
    /// [`TensorError::InvalidSparsity`] outside `[0, 1)` and for NaN.
    pub fn new(value: f64) -> Result<Self> {
        if (0.0..1.0).contains(&value) {
            // The sum turns -0.0 into +0.0.
            Ok(Self(value + 0.0))
        } else {
            Err(TensorError::InvalidSparsity { value })
        }
    }

    /// The fraction.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Number of weights that are pruned of `n`: `floor(n * s + 1e-6)`.
    pub fn pruned_count(self, n: usize) -> usize {
        ((n as f64 * self.0 + COUNT_SLACK).floor() as usize).min(n)
    }
}

impl TryFrom<f64> for Sparsity {
    type Error = TensorError;

    fn try_from(value: f64) -> Result<Self> {
        Self::new(value)
    }
}

impl From<Sparsity> for f64 {
    fn from(sparsity: Sparsity) -> Self {
        sparsity.0
    }
}

/// Reads `0.5` and `50%`.
impl FromStr for Sparsity {
    type Err = TensorError;

    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let (number, scale) = match trimmed.strip_suffix('%') {
            Some(percent) => (percent.trim_end(), 100.0),
            None => (trimmed, 1.0),
        };
        let value: f64 = number.parse().map_err(|_| TensorError::Unreadable {
            expected: "a sparsity such as 0.5 or 50%",
            text: text.to_owned(),
        })?;
        Self::new(value / scale)
    }
}

/// Writes a percentage, `50%`.
impl fmt::Display for Sparsity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_percent(self.0, f)
    }
}

/// Writes a fraction as a percentage without the digits that only binary rounding brings.
fn write_percent(fraction: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: f64 = 1e9;
    write!(f, "{}%", (fraction * 100.0 * DIGITS).round() / DIGITS)
}
