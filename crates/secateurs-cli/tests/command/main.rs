//! The `secateurs` command as a user meets it, on models so small that a whole run takes a moment.

mod help;
mod mixtures;
mod outputs;
mod packed;
mod prune;
mod refusals;
mod reports;
mod signals;
mod tiny;
mod traces;
mod whole_models;
