//! Shared parts of jobs: models on disk, their cost, and the memory in use.

pub(crate) mod cost;
pub(crate) mod error;
pub(crate) mod memory;
pub(crate) mod source;
pub(crate) mod unknown_method;

pub use error::ModelFileError;
pub use memory::{peak_rss_bytes, reset_peak_rss};
pub use secateurs_data::Overwrite;
pub use unknown_method::UnknownMethod;
