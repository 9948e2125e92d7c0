//! Checkpoints packed and unpacked.

mod job;
mod matrix;
pub(crate) mod packed;
mod result_config;
mod settings;

pub use job::pack_checkpoint;
pub use matrix::PackedInfo;
pub use packed::is_packed;
pub use settings::{FormatChoice, PackConfig, PackedLayout};
