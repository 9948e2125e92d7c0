#![doc = include_str!("../README.md")]

pub mod decoder;
mod dimensions;
mod error;
mod families;
mod family;
mod language_model;
mod loaded;
mod mixture;
mod parameters;
mod shape;
mod store;

pub use dimensions::{MixtureShape, TransformerShape};
pub use error::ModelError;
pub use families::{FamilyJob, FamilyKind, MixtureJob};
pub use family::Family;
pub use language_model::{Activations, LanguageModel, Sequences};
pub use loaded::LoadedModel;
pub use mixture::{ExpertTensor, MixtureFamily};
pub use parameters::TensorMap;
pub use shape::ModelShape;
pub use store::CheckpointStore;
