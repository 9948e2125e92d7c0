//! Gradients of the loss of a whole dense model, for scores that need them.

use std::collections::BTreeMap;

use burn::optim::GradientsParams;
use burn::tensor::Device;
use secateurs_data::Checkpoint;
use secateurs_importance::{GradientCollector, GradientStats};
use secateurs_models::{LanguageModel, Sequences};
use secateurs_prune::{Progress, PruneError};
use secateurs_tensor::PathRules;

use crate::measure::evaluate::to_tensor;
use crate::prune::error::PruneJobError;

/// A dense model on disk, and the weights whose gradients are wanted.
pub(crate) struct DenseModel<'a, F> {
    pub family: &'a F,
    pub source: &'a Checkpoint,
    pub rules: &'a PathRules,
    pub device: &'a Device,
}

/// The function that computes gradients for a family whose models fit in memory.
pub(crate) type ModelGradients<F> = fn(
    &DenseModel<'_, F>,
    &[Vec<u32>],
    &mut dyn FnMut(Progress<'_>),
) -> Result<BTreeMap<String, GradientStats>, PruneJobError>;

/// Gradients of the mean cross-entropy of the predicted tokens by path in the model; each sequence is one sample.
///
/// The whole model, its gradients and three running means of them are in memory: five times its parameters in single
/// precision, and the activations of one sequence.
pub(crate) fn model_gradients<F: LanguageModel>(
    dense: &DenseModel<'_, F>,
    sequences: &[Vec<u32>],
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<BTreeMap<String, GradientStats>, PruneJobError> {
    if sequences.iter().all(|sequence| sequence.len() < 2) {
        return Err(PruneJobError::PredictsNothing);
    }
    let family = dense.family;
    let device = dense.device.clone().autodiff();
    let model = family.load(dense.source, &device)?;
    let longest = sequences.iter().map(Vec::len).max().unwrap_or(1);
    let positions = &family.positions(longest, &device);
    let mut collector = GradientCollector::new(dense.rules.clone());
    // One token predicts nothing.
    let telling = sequences.iter().filter(|sequence| sequence.len() > 1);
    for (sequence, tokens) in telling.enumerate() {
        let tokens = to_tensor(tokens, family.vocab_size(), &device)?;
        let loss = family.token_losses(&model, Sequences { tokens, positions }).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        collector.observe(&model, &gradients).map_err(PruneError::from)?;
        listener(Progress::Differentiated {
            sequence,
            n_sequences: sequences.len(),
        });
    }
    Ok(collector.into_stats())
}
