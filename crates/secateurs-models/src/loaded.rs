//! A model in memory with its shape.

use crate::LanguageModel;

/// A model in memory with its shape.
#[derive(Debug)]
pub struct LoadedModel<'a, F: LanguageModel> {
    /// Shape of the model.
    pub family: &'a F,
    /// Weights of the model.
    pub model: &'a F::Model,
}

impl<'a, F: LanguageModel> LoadedModel<'a, F> {
    /// A model with its shape.
    pub fn new(family: &'a F, model: &'a F::Model) -> Self {
        Self { family, model }
    }
}

impl<F: LanguageModel> Clone for LoadedModel<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: LanguageModel> Copy for LoadedModel<'_, F> {}
