//! The list of all families, the only place that knows each by name.

use secateurs_data::llama::{ConfigError, LlamaConfig};
use secateurs_data::{Checkpoint, DataError};

use crate::{LanguageModel, MixtureFamily, ModelError};

/// The families of language models that are built here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// Llama and its mixtures of experts, Mixtral and OLMoE.
    Llama,
}

/// A job that is the same for every family.
pub trait FamilyJob {
    /// The result.
    type Output;

    /// Does the job on a model of the family `F`.
    fn run<F: LanguageModel>(self) -> Self::Output;
}

/// A job that is the same for every family whose blocks may hold mixtures of experts.
pub trait MixtureJob {
    /// The result.
    type Output;

    /// Does the job on a model of the family `F`.
    fn run<F: MixtureFamily>(self) -> Self::Output;
}

impl FamilyKind {
    /// The family that a model's configuration names; a configuration without a name means a Llama.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownFamily`] if it is none of those here.
    pub fn of(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        match checkpoint.config().get("model_type").and_then(|name| name.as_str()) {
            Some(name) if !LlamaConfig::has_model_type(name) => Err(DataError::Config {
                path: checkpoint.path().to_owned(),
                source: ConfigError::UnknownFamily { found: name.to_owned() },
            }
            .into()),
            _ => Ok(Self::Llama),
        }
    }

    /// Does a job on a model of this family.
    pub fn run<J: FamilyJob>(self, job: J) -> J::Output {
        match self {
            Self::Llama => job.run::<LlamaConfig>(),
        }
    }

    /// Does a job on the mixtures of a model of this family; `None` if the family has no mixtures.
    pub fn run_on_mixtures<J: MixtureJob>(self, job: J) -> Option<J::Output> {
        match self {
            Self::Llama => Some(job.run::<LlamaConfig>()),
        }
    }
}
