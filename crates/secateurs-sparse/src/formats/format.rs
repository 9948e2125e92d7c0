//! The formats by name.

use std::fmt;

use crate::error::SparseError;

/// The format of a packed matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Every weight: [`DenseMatrix`](crate::DenseMatrix).
    Dense,
    /// Bits and values: [`BitmapMatrix`](crate::BitmapMatrix).
    Bitmap,
    /// N:M groups: [`NmMatrix`](crate::NmMatrix).
    Nm(GroupPattern),
    /// Values and indices: [`IndexedMatrix`](crate::IndexedMatrix).
    Indexed,
}

/// Writes `dense`, `bitmap`, `2:4` or `indexed`.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense => f.write_str("dense"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Nm(pattern) => write!(f, "{}:{}", pattern.keep(), pattern.group()),
            Self::Indexed => f.write_str("indexed"),
        }
    }
}

/// A pattern: `keep` of every `group` consecutive inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupPattern {
    keep: usize,
    group: usize,
}

impl GroupPattern {
    /// The pattern `keep` of every `group` inputs.
    ///
    /// # Errors
    ///
    /// [`SparseError::Unsupported`] unless `1 <= keep <= group`.
    pub fn new(keep: usize, group: usize) -> Result<Self, SparseError> {
        if 0 < keep && keep <= group {
            Ok(Self { keep, group })
        } else {
            Err(SparseError::Unsupported {
                what: "a pattern that keeps",
                got: keep,
                expected: "at least 1 and at most all inputs of the group",
            })
        }
    }

    /// Values of a group.
    pub fn keep(self) -> usize {
        self.keep
    }

    /// Inputs of a group.
    pub fn group(self) -> usize {
        self.group
    }

    pub(crate) fn per_output(self, d_input: usize) -> Result<usize, SparseError> {
        if d_input.is_multiple_of(self.group) {
            Ok(d_input / self.group * self.keep)
        } else {
            Err(SparseError::Indivisible {
                d_input,
                group: self.group,
            })
        }
    }
}
