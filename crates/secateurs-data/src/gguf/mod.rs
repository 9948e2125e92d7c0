//! Reads GGUF files: metadata, tensor positions and quantised blocks, all translated to Hugging Face terms.

mod blocks;
mod config;
mod cursor;
mod encoding;
mod file;
mod header;
mod k_blocks;
mod keys;
mod lookup;
mod names;
mod rope;
mod special_tokens;
mod value;

pub(crate) use config::{hf_config, hf_tokenizer_config};
pub(crate) use file::GgufFile;
pub(crate) use value::{Metadata, Value};
