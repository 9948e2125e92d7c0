//! Training: its formula, its laws, its state, its batches, and its refusals.

mod adam;
mod any_optimizer;
mod batches;
mod convolution;
mod failures;
mod formula;
mod laws;
mod residence;
mod state;
mod training;
