//! Shared parts of jobs: models on disk and in memory, what models cost, and the memory in use.

pub(crate) mod cost;
pub(crate) mod loaded;
pub(crate) mod memory;
pub(crate) mod source;

pub use loaded::LoadedLlama;
pub use memory::{peak_rss_bytes, reset_peak_rss};
pub use secateurs_data::Overwrite;
