//! The formats by name.

use std::fmt;

use crate::error::SparseError;

/// How a matrix is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// [`DenseMatrix`](crate::DenseMatrix)
    Dense,
    /// [`BitmapMatrix`](crate::BitmapMatrix)
    Bitmap,
    /// [`NmMatrix`](crate::NmMatrix)
    Nm(GroupPattern),
    /// [`IndexedMatrix`](crate::IndexedMatrix)
    Indexed,
}

/// `dense`, `bitmap`, `2:4`, `indexed`.
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

/// `keep` of every `group` consecutive inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupPattern {
    keep: usize,
    group: usize,
}

impl GroupPattern {
    /// `keep` of every `group` inputs.
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
