//! Random rows that a seed decides, and what they have in common with the weights.

pub(crate) mod complement;
pub(crate) mod frame;
pub(crate) mod stream;
