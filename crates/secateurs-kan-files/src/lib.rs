#![doc = include_str!("../README.md")]

mod error;
pub mod kan_file;
pub mod pykan;

pub use error::KanFileError;
