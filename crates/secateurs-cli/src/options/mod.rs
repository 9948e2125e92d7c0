//! Options that commands share, and the options that make a recipe.

pub(crate) mod allocation;
pub(crate) mod calibration;
pub(crate) mod device;
pub(crate) mod engine;
pub(crate) mod method;
pub(crate) mod named;
pub(crate) mod numbers;
pub(crate) mod raw;
pub(crate) mod recipe;
pub(crate) mod show;
pub(crate) mod training;
