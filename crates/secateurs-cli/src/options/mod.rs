//! Options that commands share, and the options that make a recipe.

pub(crate) mod device;
pub(crate) mod engine;
pub(crate) mod raw;
pub(crate) mod recipe;
pub(crate) mod settings;
pub(crate) mod show;
pub(crate) mod training;
