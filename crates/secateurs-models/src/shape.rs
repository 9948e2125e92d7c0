//! The shape of a model of any family.

use secateurs_data::llama::ConfigError;
use secateurs_data::{Checkpoint, PlannedTensor, TensorPlan};

use crate::{Family, FamilyJob, FamilyKind, LanguageModel, MixtureShape, ModelError, TransformerShape};

/// The tensors and limits of a model: enough for a job that does not run it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelShape {
    /// Tensors in file order.
    pub tensors: Vec<TensorPlan>,
    /// Number of blocks.
    pub n_blocks: usize,
    /// Tokens in the vocabulary.
    pub vocab_size: usize,
    /// Longest sequence.
    pub max_positions: usize,
    /// Multiply-accumulate operations of the matrices that one token passes.
    pub macs_per_token: u64,
    /// Widths and heads, if the model is a transformer.
    pub transformer: Option<TransformerShape>,
    /// Experts, if the model is a mixture.
    pub mixture: Option<MixtureShape>,
}

impl ModelShape {
    /// The shape of a model of a known family.
    pub fn of(family: &impl Family) -> Self {
        Self {
            tensors: family.planned(),
            n_blocks: family.n_blocks(),
            vocab_size: family.vocab_size(),
            max_positions: family.max_positions(),
            macs_per_token: family.macs_per_token(),
            transformer: family.transformer(),
            mixture: family.mixture(),
        }
    }

    /// The shape of the model in `checkpoint`, of any family, after a check of its tensors' names and shapes; no weight
    /// is read.
    ///
    /// # Errors
    ///
    /// As for [`FamilyKind::of`] and [`Family::describe`].
    pub fn describe(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        FamilyKind::of(checkpoint)?.run(Describe(checkpoint))
    }

    /// The shape of the model in `checkpoint`, after a check of everything: reads every weight once.
    ///
    /// # Errors
    ///
    /// As for [`describe`](Self::describe), and [`DataError::NotFinite`](secateurs_data::DataError::NotFinite).
    pub fn open(checkpoint: &Checkpoint) -> Result<Self, ModelError> {
        let shape = Self::describe(checkpoint)?;
        checkpoint.check_finite()?;
        Ok(shape)
    }

    /// Names and shapes of all tensors, in the form that a file writer needs.
    pub fn planned(&self) -> Vec<PlannedTensor> {
        self.tensors.iter().cloned().map(PlannedTensor::from).collect()
    }

    /// Number of parameters.
    pub fn n_parameters(&self) -> usize {
        self.tensors.iter().map(TensorPlan::n_values).sum()
    }

    /// Refuses a mixture of experts for the job `what`, which handles dense models only.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Experts`] if the model is one.
    pub fn check_dense(&self, what: &'static str) -> Result<(), ConfigError> {
        match self.mixture {
            None => Ok(()),
            Some(MixtureShape {
                n_experts, model_type, ..
            }) => Err(ConfigError::Experts {
                n_experts,
                model_type,
                what,
            }),
        }
    }
}

/// Reads the shape of a checkpoint's model.
struct Describe<'a>(&'a Checkpoint);

impl FamilyJob for Describe<'_> {
    type Output = Result<ModelShape, ModelError>;

    fn run<F: LanguageModel>(self) -> Self::Output {
        Ok(ModelShape::of(&F::describe(self.0)?))
    }
}
