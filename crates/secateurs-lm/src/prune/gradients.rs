//! Gradients of the loss of a whole dense model, for the scores that are made of them.

use std::collections::BTreeMap;

use burn::optim::GradientsParams;
use burn::tensor::Device;
use secateurs_data::Checkpoint;
use secateurs_importance::{GradientCollector, GradientStats};
use secateurs_models::llama::{Rope, load_llama};
use secateurs_prune::Progress;
use secateurs_tensor::PathRules;

use crate::Error;
use crate::measure::evaluate::to_tensor;

/// A dense model on disk, and which of its weights gradients are wanted of.
pub(crate) struct DenseModel<'a> {
    pub source: &'a Checkpoint,
    pub rules: &'a PathRules,
    pub device: &'a Device,
}

impl DenseModel<'_> {
    /// Gradients of the mean cross-entropy of the predicted tokens, one sample a sequence, by path in the model.
    ///
    /// The whole model, its gradients and three running means of them are in memory: five times its parameters in single
    /// precision, and the activations of one sequence.
    pub(crate) fn gradients(
        &self,
        sequences: &[Vec<u32>],
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<BTreeMap<String, GradientStats>, Error> {
        let device = self.device.clone().autodiff();
        let (config, llama) = load_llama(self.source, &device)?;
        let longest = sequences.iter().map(Vec::len).max().unwrap_or(1);
        let positions = Rope::new(&config, longest, &device);
        let mut collector = GradientCollector::new(self.rules.clone());
        // One token predicts nothing.
        let telling = sequences.iter().filter(|sequence| sequence.len() > 1);
        for (sequence, tokens) in telling.enumerate() {
            let tokens = to_tensor(tokens, config.vocab_size, &device)?;
            let loss = llama.token_losses(tokens, &positions).mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &llama);
            collector
                .observe(&llama, &gradients)
                .map_err(secateurs_prune::PruneError::from)?;
            listener(Progress::Differentiated {
                sequence,
                n_sequences: sequences.len(),
            });
        }
        Ok(collector.into_stats())
    }
}
