#![doc = include_str!("../README.md")]

pub mod decoder;
mod error;
mod families;
mod family;
mod language_model;
mod parameters;
mod store;

pub use decoder as llama;
pub use error::ModelError;
pub use families::{FamilyJob, FamilyKind};
pub use family::Family;
pub use language_model::{Activations, LanguageModel, Sequences};
pub use parameters::TensorMap;
pub use store::CheckpointStore;
