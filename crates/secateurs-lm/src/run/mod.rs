//! What all jobs share: the model that they read, what models cost, and how much memory a job takes.

pub(crate) mod cost;
pub(crate) mod memory;
pub(crate) mod source;

pub use memory::{peak_rss_bytes, reset_peak_rss};
pub use secateurs_data::Overwrite;
