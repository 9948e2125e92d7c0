//! Recipes: read, checked and planned.

pub(crate) mod draft;
pub(crate) mod options;
pub(crate) mod plan;
pub(crate) mod recipe;
pub(crate) mod recipe_error;
pub(crate) mod selection;
