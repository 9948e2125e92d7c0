//! Perplexity of a model on a text.

use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use secateurs_data::Checkpoint;
use secateurs_models::{FamilyJob, FamilyKind, LanguageModel, LoadedModel, ModelError, ModelShape, Sequences};
use secateurs_runtime::{BlockWeights, Engine};
use secateurs_sparse::{Level, VectorType};
use secateurs_tensor::{PathRules, read_weights};
use serde::{Deserialize, Serialize};

use crate::measure::error::MeasureError;
use crate::text::windows::{TextWindows, check_window, first_windows};

/// Perplexity of a model on a text, with the counts behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Perplexity: `exp` of the mean over windows of the mean loss of their predicted tokens.
    pub perplexity: f64,
    /// Number of windows.
    pub windows: usize,
    /// Number of tokens read, all windows together.
    pub tokens: usize,
    /// Tokens read per second, excluding loading.
    pub tokens_per_second: f64,
    /// Fraction of zeros in the weights that pruning may change.
    pub sparsity: f64,
    /// Mean loss of each window, in nats.
    pub window_losses: Vec<f64>,
}

impl Evaluation {
    /// Mean loss over the windows, in nats: the logarithm of the perplexity.
    pub(crate) fn mean_loss(&self) -> f64 {
        self.window_losses.iter().sum::<f64>() / self.window_losses.len() as f64
    }
}

/// Evaluates a checkpoint on the first windows of a text.
///
/// `listener` is called as by [`evaluate_on_windows`].
///
/// # Errors
///
/// If the text is too short, the window too long for the model, the model cannot be loaded, or a loss is not finite.
pub fn evaluate(
    checkpoint: &Checkpoint,
    windows: &TextWindows<'_>,
    device: &Device,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, MeasureError> {
    check_window(&ModelShape::open(checkpoint)?, windows.length)?;
    let windows = &first_windows(&checkpoint.tokenizer()?, windows, "the text")?;
    evaluate_on_windows(checkpoint, windows, device, listener)
}

/// Evaluates a checkpoint on token windows of one length.
///
/// `listener` is called with the number of windows done, 0 once the model is loaded, and their total.
///
/// # Errors
///
/// As for [`evaluate_model`], and if the model cannot be loaded.
pub fn evaluate_on_windows(
    checkpoint: &Checkpoint,
    windows: &[Vec<u32>],
    device: &Device,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, MeasureError> {
    FamilyKind::of(checkpoint)?.run(Evaluate {
        checkpoint,
        windows,
        device,
        listener,
    })
}

struct Evaluate<'a> {
    checkpoint: &'a Checkpoint,
    windows: &'a [Vec<u32>],
    device: &'a Device,
    listener: &'a mut dyn FnMut(usize, usize),
}

impl FamilyJob for Evaluate<'_> {
    type Output = Result<Evaluation, MeasureError>;

    fn run<F: LanguageModel>(self) -> Self::Output {
        let family = F::open(self.checkpoint)?;
        let model = family.load(self.checkpoint, self.device)?;
        (self.listener)(0, self.windows.len());
        evaluate_model(LoadedModel::new(&family, &model), self.windows, self.listener)
    }
}

/// Evaluates a loaded model on token windows of one length.
///
/// # Errors
///
/// If a token is outside the vocabulary or a loss is not finite.
pub fn evaluate_model<F: LanguageModel>(
    loaded: LoadedModel<'_, F>,
    windows: &[Vec<u32>],
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, MeasureError> {
    let LoadedModel { family, model } = loaded;
    let (device, vocab_size) = (F::device(model), family.vocab_size());
    let longest = windows.iter().map(Vec::len).max().unwrap_or(0);
    let positions = &family.positions(longest, &device);
    let mut loss_of = |window: &[u32]| {
        let tokens = to_tensor(window, vocab_size, &device)?;
        let losses = family.token_losses(model, Sequences { tokens, positions });
        Ok(f64::from(losses.mean().into_scalar::<f32>()))
    };
    let sparsity = || sparsity(F::blocks(model));
    evaluate_windows(windows, &mut loss_of, &sparsity, listener)
}

/// Evaluates packed weights on token windows of one length, by the engine that also generates with them.
///
/// # Errors
///
/// If a token is outside the vocabulary, a window longer than the positions of the model, or a loss is not finite.
pub fn evaluate_packed(
    engine: &Engine,
    windows: &[Vec<u32>],
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, MeasureError> {
    let mut loss_of = |window: &[u32]| {
        let losses = engine.token_losses(window, VectorType::F32)?;
        Ok(losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / losses.len() as f64)
    };
    let sparsity = || {
        let matrices = engine.weights().blocks.iter().flat_map(BlockWeights::matrices);
        share(matrices.map(|matrix| {
            let [d_output, d_input] = matrix.dims();
            (matrix.n_zeros(Level::best()), d_output * d_input)
        }))
    };
    evaluate_windows(windows, &mut loss_of, &sparsity, listener)
}

/// Computes the mean loss of every window; `sparsity` is called after the windows were timed.
fn evaluate_windows(
    windows: &[Vec<u32>],
    loss_of: &mut dyn FnMut(&[u32]) -> Result<f64, MeasureError>,
    sparsity: &dyn Fn() -> f64,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Evaluation, MeasureError> {
    let started = Instant::now();
    let mut losses = Vec::with_capacity(windows.len());
    for (index, window) in windows.iter().enumerate() {
        let loss = loss_of(window)?;
        if !loss.is_finite() {
            return Err(MeasureError::LossNotFinite { window: index, loss });
        }
        losses.push(loss);
        listener(index + 1, windows.len());
    }
    let tokens: usize = windows.iter().map(Vec::len).sum();
    let tokens_per_second = tokens as f64 / started.elapsed().as_secs_f64();
    Ok(Evaluation {
        perplexity: (losses.iter().sum::<f64>() / losses.len() as f64).exp(),
        windows: windows.len(),
        tokens,
        tokens_per_second,
        sparsity: sparsity(),
        window_losses: losses,
    })
}

/// Refuses tokens outside the vocabulary.
pub(crate) fn check_tokens(window: &[u32], vocab_size: usize) -> Result<(), ModelError> {
    match window.iter().position(|&id| id as usize >= vocab_size) {
        Some(position) => Err(ModelError::TokenOutOfRange {
            id: window[position],
            position,
            vocab_size,
        }),
        None => Ok(()),
    }
}

pub(crate) fn to_tensor(window: &[u32], vocab_size: usize, device: &Device) -> Result<Tensor<2, Int>, ModelError> {
    check_tokens(window, vocab_size)?;
    let ids: Vec<i64> = window.iter().map(|&id| i64::from(id)).collect();
    Ok(Tensor::from_data(TensorData::new(ids, [1, window.len()]), device))
}

/// Counts zeros block by block, so that no second copy of the model is made.
fn sparsity(blocks: &[impl Module]) -> f64 {
    let rules = PathRules::default();
    let weights = blocks.iter().flat_map(|block| read_weights(block, &rules));
    share(weights.map(|(_, weight)| (weight.n_zeros(), weight.len())))
}

/// The share of zeros, from zeros and weights of every matrix.
fn share(counts: impl Iterator<Item = (usize, usize)>) -> f64 {
    let (zeros, all) = counts.fold((0, 0), |(zeros, all), (n_zeros, len)| (zeros + n_zeros, all + len));
    zeros as f64 / all.max(1) as f64
}
