//! The choice of a format.

pub(crate) mod choose;
pub(crate) mod measured;
