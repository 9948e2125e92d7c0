//! Metadata of a GGUF file, looked up by key.

use std::path::Path;

use super::value::{Metadata, Value};
use crate::error::{malformed, unsupported};
use crate::{DataError, Result};

/// Lookups in metadata whose errors name the file.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a> {
    pub(super) metadata: &'a Metadata,
    pub(super) path: &'a Path,
}

impl Keys<'_> {
    pub(super) fn count(self, key: &str) -> Result<usize> {
        self.optional_count(key)?
            .ok_or_else(|| self.bad(format!("metadata {key:?} is missing")))
    }

    pub(super) fn optional_count(self, key: &str) -> Result<Option<usize>> {
        // No count of a model comes near 2^31; larger ones would only overflow later on.
        let valid = |value: &Value| value.as_u64().filter(|n| (1..1 << 31).contains(n)).map(|n| n as usize);
        self.optional(key, "a positive number", valid)
    }

    /// A count that holds for every block: one number, or a list of equal ones.
    pub(super) fn count_of_blocks(self, key: &str) -> Result<Option<usize>> {
        let n_blocks = self.count("llama.block_count")?;
        let Some(list) = self.metadata.get(key).filter(|value| value.is_array()) else {
            return self.optional_count(key);
        };
        let equal = list.as_u64s().filter(|counts| counts.len() == n_blocks);
        let equal = equal.filter(|counts| counts.iter().all(|count| *count == counts[0]));
        match equal
            .and_then(|counts| counts.first().copied())
            .filter(|n| (1..1 << 31).contains(n))
        {
            Some(count) => Ok(Some(count as usize)),
            None => {
                let feature = format!("{key:?} = {}, which is not one number for all blocks", list.preview());
                Err(unsupported(self.path, feature))
            }
        }
    }

    pub(super) fn optional_number(self, key: &str) -> Result<Option<f64>> {
        self.optional(key, "a positive number", |value| {
            value.as_f64().filter(|n| n.is_finite() && *n > 0.0)
        })
    }

    /// A factor of the rotary frequencies; 0 means that there is none.
    pub(super) fn optional_factor(self, key: &str) -> Result<Option<f64>> {
        let valid = |value: &Value| value.as_f64().filter(|n| n.is_finite() && *n >= 0.0);
        let factor = self.optional(key, "a positive number or 0", valid)?;
        Ok(factor.filter(|factor| *factor > 0.0))
    }

    pub(super) fn optional<T>(
        self,
        key: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.metadata.get(key) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(value) => Ok(Some(value)),
                None => Err(self.bad(format!("metadata {key:?} is not {expected}"))),
            },
        }
    }

    pub(super) fn bad(self, problem: String) -> DataError {
        malformed(self.path, "GGUF", problem)
    }

    pub(super) fn required(self, key: &str, value: Option<usize>) -> Result<usize> {
        value.ok_or_else(|| self.bad(format!("metadata {key:?} is missing")))
    }
}
