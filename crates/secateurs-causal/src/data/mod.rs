//! Studies: who was treated, and what became of them.

mod overlap;
pub(crate) mod scale;
pub(crate) mod study;
pub(crate) mod synthetic;
