//! Settings that cannot leave their range.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Result, TensorError};

/// A finite number that is not negative, such as a damping or the weight of a term.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::NonNegative;
///
/// assert_eq!("0.01".parse::<NonNegative>()?, NonNegative::new(0.01)?);
/// assert!(NonNegative::new(-1.0).is_err());
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct NonNegative(f64);

/// A finite number above zero, such as a penalty.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::Positive;
///
/// assert_eq!(Positive::new(0.1)?.get(), 0.1);
/// assert!(Positive::new(0.0).is_err());
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Positive(f64);

impl NonNegative {
    /// Checks a value.
    ///
    /// # Errors
    ///
    /// [`TensorError::OutOfRange`] for a negative value, NaN and infinity.
    pub fn new(value: f64) -> Result<Self> {
        if value.is_finite() && value >= 0.0 {
            // The sum turns -0.0 into +0.0.
            return Ok(Self(value + 0.0));
        }
        Err(TensorError::OutOfRange {
            expected: "finite and not negative",
            value,
        })
    }
}

impl Positive {
    /// Checks a value.
    ///
    /// # Errors
    ///
    /// [`TensorError::OutOfRange`] for zero, a negative value, NaN and infinity.
    pub fn new(value: f64) -> Result<Self> {
        if value.is_finite() && value > 0.0 {
            return Ok(Self(value));
        }
        Err(TensorError::OutOfRange {
            expected: "finite and positive",
            value,
        })
    }
}

macro_rules! convert {
    ($bounded:ident) => {
        impl $bounded {
            /// The number.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $bounded {
            type Error = TensorError;

            fn try_from(value: f64) -> Result<Self> {
                Self::new(value)
            }
        }

        impl From<$bounded> for f64 {
            fn from(bounded: $bounded) -> Self {
                bounded.0
            }
        }

        impl FromStr for $bounded {
            type Err = TensorError;

            fn from_str(text: &str) -> Result<Self> {
                let value = text.trim().parse().map_err(|_| TensorError::Unreadable {
                    expected: "a number",
                    text: text.to_owned(),
                })?;
                Self::new(value)
            }
        }

        impl fmt::Display for $bounded {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

convert!(NonNegative);
convert!(Positive);
