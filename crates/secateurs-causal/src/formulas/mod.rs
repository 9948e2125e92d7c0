//! From a model to one formula for each outcome and for the effect.

mod decades;
pub(crate) mod effect_formula;
mod level_formula;
pub(crate) mod network_formula;
