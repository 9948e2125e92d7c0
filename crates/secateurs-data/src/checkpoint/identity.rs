//! The name of a model, and the fingerprint that tells it from others.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Checkpoint, Source};
use crate::Result;
use crate::finite::SCANNED_BYTES;
use crate::hex::hex;

impl Checkpoint {
    /// Format and encoding in words, e.g. `GGUF Q4_1 (dequantised)`.
    pub fn description(&self) -> String {
        match &self.source {
            Source::HuggingFace(shards) => {
                let mut bytes = BTreeMap::<&str, u64>::new();
                for info in shards.files.iter().flat_map(|file| file.tensors()) {
                    *bytes.entry(&info.encoding).or_default() += info.bytes;
                }
                let main = bytes
                    .into_iter()
                    .max_by_key(|&(_, bytes)| bytes)
                    .map_or("F32", |(name, _)| name);
                format!("Hugging Face safetensors {main}")
            }
            Source::Gguf(file) if file.has_quantised() => format!("GGUF {} (dequantised)", file.main_encoding()),
            Source::Gguf(file) => format!("GGUF {}", file.main_encoding()),
        }
    }

    /// A sha256 over the configuration and all bytes of the files, to recognise the same model again.
    ///
    /// # Errors
    ///
    /// None at present; files that cannot be mapped may add some.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hash = Hash::default();
        hash.add(self.config.to_string().as_bytes(), || {});
        match &self.source {
            Source::HuggingFace(shards) => {
                for file in &shards.files {
                    hash.add(file.prefix(), || {});
                    (0..file.tensors().count()).for_each(|tensor| hash.add(file.raw(tensor), || file.release()));
                }
            }
            Source::Gguf(file) => {
                hash.add(file.prefix(), || {});
                (0..file.tensors().count()).for_each(|tensor| hash.add(file.raw(tensor), || file.release()));
            }
        }
        Ok(hex(&hash.0.finalize()))
    }
}

/// A sha256 of parts, each preceded by its length.
#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    /// Adds a part; `release` gives the memory of a mapped file back after every few bytes of it.
    fn add(&mut self, part: &[u8], release: impl Fn()) {
        self.0.update((part.len() as u64).to_le_bytes());
        for bytes in part.chunks(SCANNED_BYTES) {
            self.0.update(bytes);
            release();
        }
    }
}
