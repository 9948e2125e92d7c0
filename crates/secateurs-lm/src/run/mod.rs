//! What all jobs share: where the output grows and appears, and how much memory they take.

pub(crate) mod memory;
pub(crate) mod output;
pub(crate) mod source;

pub use memory::{peak_rss_bytes, reset_peak_rss};
pub use output::Overwrite;
