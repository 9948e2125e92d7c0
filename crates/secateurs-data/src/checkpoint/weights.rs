//! Checks weights for NaN and infinity.

use super::{Checkpoint, Source};
use crate::{DataError, Result};

impl Checkpoint {
    /// Refuses NaN and infinity in every tensor of floats, also in unused ones. Reads all of them, once.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFinite`], naming the first such weight.
    pub fn check_finite(&self) -> Result<()> {
        if self.is_finite.get().is_some() {
            return Ok(());
        }
        for info in self.tensors.infos() {
            let (file, tensor) = self.place(&info.name)?;
            let is_finite = match &self.source {
                Source::HuggingFace(shards) => shards.files[file].is_finite(tensor),
                Source::Gguf(file) => file.is_finite(tensor),
            };
            if !is_finite {
                return Err(self.not_finite(&info.name));
            }
        }
        // Another thread may have found the same.
        let _ = self.is_finite.set(());
        Ok(())
    }

    fn not_finite(&self, name: &str) -> DataError {
        let values = match self.read_f32(name) {
            Ok(values) => values,
            Err(error) => return error,
        };
        let index = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
        DataError::NotFinite {
            path: self.path.clone(),
            name: self.name_in_file(name),
            index,
            value: values.get(index).copied().unwrap_or(f32::NAN),
        }
    }
}
