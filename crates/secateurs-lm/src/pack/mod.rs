//! Packs and unpacks checkpoints.

pub(crate) mod error;
mod job;
mod matrix;
pub(crate) mod packed;
mod result_config;
mod settings;

pub use error::PackError;
pub use job::pack_checkpoint;
pub use matrix::PackedInfo;
pub use packed::is_packed;
pub use settings::{FormatChoice, PackConfig, PackedLayout};
