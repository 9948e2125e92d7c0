//! Products of packed matrices.

pub(crate) mod input;
pub(crate) mod lanes;
pub(crate) mod many;
pub(crate) mod multiply;
pub(crate) mod skipping;
pub(crate) mod tile;
pub(crate) mod together;
pub(crate) mod vector_tiles;
pub(crate) mod vectors;
