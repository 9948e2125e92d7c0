//! Single weights in their stored form.

pub(crate) mod shape;
pub(crate) mod value_type;
pub(crate) mod values;
