//! Python's values in templates: printing, comparison, arithmetic and attributes.

pub(super) mod arguments;
pub(super) mod clock;
pub(super) mod dict;
mod formats;
pub(super) mod iterators;
pub(super) mod json;
pub(super) mod methods;
pub(super) mod numbers;
pub(super) mod operators;
pub(super) mod printf;
pub(super) mod text;
pub(super) mod text_methods;
pub(super) mod values;
pub(super) mod words;
