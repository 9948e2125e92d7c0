//! Packed matrices, one file per format.

pub(crate) mod bitmap;
pub(crate) mod dense;
pub(crate) mod dispatch;
pub(crate) mod format;
pub(crate) mod indexed;
pub(crate) mod masked_parts;
pub(crate) mod matrix;
pub(crate) mod nm;
