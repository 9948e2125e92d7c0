//! Which zeros are allowed: anywhere, or N:M.

use core::fmt;
use core::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Result, TensorError};
use crate::vocabulary::sparsity::Sparsity;

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

/// Where zeros may stand.
///
/// In serde an unstructured pattern is its sparsity (`0.5`), an N:M pattern its text (`"2:4"`); `"50%"` is read too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// Anywhere; the sparsity says how many.
    Unstructured(Sparsity),
    /// In every group of consecutive inputs.
    Nm(NmPattern),
}

impl Pattern {
    /// The fraction of zeros asked for.
    pub fn sparsity(self) -> f64 {
        match self {
            Self::Unstructured(sparsity) => sparsity.get(),
            Self::Nm(pattern) => pattern.sparsity(),
        }
    }

    /// How many weights of a `[d_output, d_input]` matrix go when it is pruned as a whole.
    ///
    /// N:M counts full groups; [`NmPattern::check`] says whether there are others. Pruning every output on its own
    /// ([`Scope::PerOutput`](crate::Scope::PerOutput)) removes `d_output * floor(d_input * s)` instead.
    pub fn pruned_count(self, dims: [usize; 2]) -> usize {
        let [d_output, d_input] = dims;
        match self {
            Self::Unstructured(sparsity) => sparsity.pruned_count(d_output * d_input),
            Self::Nm(nm) => d_output * (d_input / nm.group()) * (nm.group() - nm.keep()),
        }
    }
}

impl From<Sparsity> for Pattern {
    fn from(sparsity: Sparsity) -> Self {
        Self::Unstructured(sparsity)
    }
}

impl From<NmPattern> for Pattern {
    fn from(pattern: NmPattern) -> Self {
        Self::Nm(pattern)
    }
}

/// Reads `0.5`, `50%` and `2:4`.
impl FromStr for Pattern {
    type Err = TensorError;

    fn from_str(text: &str) -> Result<Self> {
        if text.contains(':') {
            text.parse().map(Self::Nm)
        } else {
            text.parse().map(Self::Unstructured)
        }
    }
}

/// Writes `50%` or `2:4`.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unstructured(sparsity) => sparsity.fmt(f),
            Self::Nm(pattern) => pattern.fmt(f),
        }
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        match self {
            Self::Unstructured(sparsity) => sparsity.serialize(serializer),
            Self::Nm(pattern) => pattern.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
        deserializer.deserialize_any(PatternVisitor)
    }
}

struct PatternVisitor;

impl Visitor<'_> for PatternVisitor {
    type Value = Pattern;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sparsity in [0, 1) or an N:M pattern such as \"2:4\"")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> core::result::Result<Pattern, E> {
        Sparsity::new(value).map(Pattern::Unstructured).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> core::result::Result<Pattern, E> {
        self.visit_f64(value as f64)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> core::result::Result<Pattern, E> {
        self.visit_f64(value as f64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> core::result::Result<Pattern, E> {
        text.parse().map_err(E::custom)
    }
}
