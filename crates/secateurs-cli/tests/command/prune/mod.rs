//! Pruning, with and without training.

mod globs;
mod memory;
mod methods;
mod options;
mod recipes;
mod reported_counts;
mod resume;
mod train;
