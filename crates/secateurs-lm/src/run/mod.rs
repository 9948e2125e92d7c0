//! Shared parts of jobs: models on disk and in memory, the place of the output, the memory in use.

pub(crate) mod loaded;
pub(crate) mod memory;
pub(crate) mod output;
pub(crate) mod source;

pub use loaded::LoadedLlama;
pub use memory::{peak_rss_bytes, reset_peak_rss};
pub use output::Overwrite;
