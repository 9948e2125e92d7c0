#![doc = include_str!("../README.md")]

mod error;
pub mod decoder;

pub use decoder as llama;

pub use error::ModelError;
