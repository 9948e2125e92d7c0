//! Random rows from a seed, and their products with the weights.

pub(crate) mod complement;
pub(crate) mod frame;
pub(crate) mod stream;
