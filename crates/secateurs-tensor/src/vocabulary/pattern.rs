//! Patterns of zeros: anywhere, or N:M.

use core::fmt;
use core::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Result, TensorError};
use crate::vocabulary::nm::NmPattern;
use crate::vocabulary::sparsity::Sparsity;

/// A pattern of zeros: the places where they may stand.
///
/// In serde an unstructured pattern is its sparsity (`0.5`), an N:M pattern its text (`"2:4"`); `"50%"` is read too.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pattern {
    /// Zeros anywhere; the sparsity says how many.
    Unstructured(Sparsity),
    /// Zeros in every group of consecutive inputs.
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

    /// Number of weights that are pruned when a `[d_output, d_input]` matrix is pruned as a whole.
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
