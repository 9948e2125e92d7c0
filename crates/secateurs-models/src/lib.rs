#![doc = include_str!("../README.md")]

mod error;
pub mod llama;

pub use error::ModelError;
