//! What all jobs share: the model that they read, and how much memory they take.

pub(crate) mod memory;
pub(crate) mod source;

pub use memory::{peak_rss_bytes, reset_peak_rss};
pub use secateurs_data::Overwrite;
