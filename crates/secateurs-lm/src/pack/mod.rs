//! Checkpoints packed and unpacked.

mod job;
pub(crate) mod packed;

pub use job::{FormatChoice, PackConfig, PackedInfo, PackedLayout, pack_checkpoint};
pub use packed::is_packed;
