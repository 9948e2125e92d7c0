//! Reads safetensors files: one file, or shards behind an index.

mod dtype;
mod file;
mod header;
mod index;
mod json;

pub(crate) use dtype::{bytes_of, dtype_named};
pub(crate) use file::SafetensorsFile;
pub(crate) use header::{header_bytes, mixed_header_bytes};
pub(crate) use index::{INDEX_FILE, Shards, index_json};

/// File name of a model that is not split.
pub(crate) const MODEL_FILE: &str = "model.safetensors";

/// File name of a model that only this project reads; other readers find none.
pub(crate) const PACKED_FILE: &str = "packed.safetensors";
