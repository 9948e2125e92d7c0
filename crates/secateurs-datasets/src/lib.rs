#![doc = include_str!("../README.md")]

pub mod causal;
mod csv;
mod error;
mod json_lines;
mod manifest;
mod npy;
mod resolver;

pub use error::{DatasetError, Result};
pub use json_lines::read_json_fields;
pub use manifest::{DataFile, Dataset, FilePath, Manifest, Origin, Sha256Hex};
pub use resolver::{Resolver, sha256_hex};
