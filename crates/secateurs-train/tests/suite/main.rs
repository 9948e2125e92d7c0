//! Training: its formula, its laws, its state, and its refusals.

mod any_optimizer;
mod failures;
mod formula;
mod laws;
mod residence;
mod state;
mod training;
