//! Single weights as they are stored.

pub(crate) mod shape;
pub(crate) mod value_type;
pub(crate) mod values;
