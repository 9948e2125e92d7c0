//! Learners made of networks, and their training.

mod arm_errors;
pub(crate) mod base;
pub(crate) mod config;
pub(crate) mod effect_model;
pub(crate) mod kan_base;
pub(crate) mod learner;
pub(crate) mod mlp;
pub(crate) mod place;
pub(crate) mod rows;
pub(crate) mod studies;
pub(crate) mod training;
