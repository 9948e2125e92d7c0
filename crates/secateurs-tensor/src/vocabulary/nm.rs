//! N:M patterns.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Result, TensorError};

/// N:M sparsity: `keep` of every `group` consecutive inputs of an output survive.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::NmPattern;
///
/// let two_of_four: NmPattern = "2:4".parse()?;
/// assert_eq!((two_of_four.keep(), two_of_four.group()), (2, 4));
/// assert_eq!(two_of_four.sparsity(), 0.5);
/// assert!(two_of_four.check(10).is_err());
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
///
/// **Deviates:** Wanda, SparseGPT and ELSA call the number *pruned* N; here, as in ALPS and in hardware, the first
/// number is what is kept. 1:4 is thus 75 % sparse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NmPattern {
    keep: usize,
    group: usize,
}

impl NmPattern {
    /// Keeps `keep` of every `group` inputs.
    ///
    /// # Errors
    ///
    /// [`TensorError::InvalidNm`] unless `1 <= keep <= group`.
    pub fn new(keep: usize, group: usize) -> Result<Self> {
        if 0 < keep && keep <= group {
            Ok(Self { keep, group })
        } else {
            Err(TensorError::InvalidNm { keep, group })
        }
    }

    /// Kept inputs of each group.
    pub fn keep(self) -> usize {
        self.keep
    }

    /// Inputs in each group.
    pub fn group(self) -> usize {
        self.group
    }

    /// The fraction of zeros, `1 - keep / group`.
    pub fn sparsity(self) -> f64 {
        (self.group - self.keep) as f64 / self.group as f64
    }

    /// Whether groups tile `d_input` inputs.
    ///
    /// # Errors
    ///
    /// [`TensorError::IndivisibleGroup`] if a group would be short.
    pub fn check(self, d_input: usize) -> Result<()> {
        if d_input.is_multiple_of(self.group) {
            Ok(())
        } else {
            Err(TensorError::IndivisibleGroup {
                d_input,
                group: self.group,
            })
        }
    }
}

/// Reads `2:4`.
impl FromStr for NmPattern {
    type Err = TensorError;

    fn from_str(text: &str) -> Result<Self> {
        let number = |part: &str| part.trim().parse::<usize>().ok();
        let parts = text
            .split_once(':')
            .and_then(|(keep, group)| Some((number(keep)?, number(group)?)));
        let Some((keep, group)) = parts else {
            return Err(TensorError::Unreadable {
                expected: "an N:M pattern such as 2:4",
                text: text.to_owned(),
            });
        };
        Self::new(keep, group)
    }
}

impl TryFrom<String> for NmPattern {
    type Error = TensorError;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<NmPattern> for String {
    fn from(pattern: NmPattern) -> Self {
        pattern.to_string()
    }
}

/// Writes `2:4`.
impl fmt::Display for NmPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.keep, self.group)
    }
}
