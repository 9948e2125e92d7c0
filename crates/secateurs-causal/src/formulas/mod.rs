//! Formulas of models: one for each outcome and one for the effect.

mod decades;
pub(crate) mod effect_formula;
mod level_formula;
pub(crate) mod network_formula;
