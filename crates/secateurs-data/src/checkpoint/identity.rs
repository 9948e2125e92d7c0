//! What a model is called, and what tells it from others.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Checkpoint, Source};
use crate::Result;
use crate::manifest::hex;

/// Bytes at the start of each tensor that go into a fingerprint.
const FINGERPRINT_BYTES: usize = 4096;

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

    /// A sha256 over the configuration, file sizes, headers and the first 4 KiB of each tensor, to recognise the same
    /// model again. Cheap, and therefore no proof that every weight is the same.
    ///
    /// # Errors
    ///
    /// None at present; files that cannot be mapped may add some.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hash = Sha256::new();
        let mut add = |prefix: &[u8], length: usize| {
            hash.update((prefix.len() as u64).to_le_bytes());
            hash.update(prefix);
            hash.update((length as u64).to_le_bytes());
        };
        add(self.config.to_string().as_bytes(), 0);
        match &self.source {
            Source::HuggingFace(shards) => {
                for file in &shards.files {
                    add(file.prefix(), file.len());
                    for tensor in 0..file.tensors().count() {
                        add(head(file.raw(tensor)), 0);
                        file.release();
                    }
                }
            }
            Source::Gguf(file) => {
                add(file.prefix(), file.len());
                for tensor in 0..file.tensors().count() {
                    add(head(file.raw(tensor)), 0);
                    file.release();
                }
            }
        }
        Ok(hex(&hash.finalize()))
    }
}

fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(FINGERPRINT_BYTES)]
}
