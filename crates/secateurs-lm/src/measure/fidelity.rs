//! Fidelity of a pruned model to the dense one, token by token, on traces of the dense one.

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;
use secateurs_data::Checkpoint;
use secateurs_models::{FamilyJob, FamilyKind, LanguageModel, LoadedModel};
use serde::{Deserialize, Serialize};

use crate::measure::error::MeasureError;
use crate::measure::evaluate::to_tensor;
use crate::pack::packed::is_packed;
use crate::run::error::ModelFileError;
use crate::text::error::TextError;
use crate::trace::format::Trace;

/// Number of positions whose logits are in memory at a time.
const LOGITS: usize = 64;

/// Fidelity of a pruned model to the dense one, separately for prompts and continuations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// Number of traces read.
    pub traces: usize,
    /// Fidelity on the tokens of prompts.
    pub prompt: PartFidelity,
    /// Fidelity on the tokens of continuations, which are decoded.
    pub decode: PartFidelity,
}

/// Means over tokens; NaN if there are none.
///
/// A logit belongs to the token that it predicts, a hidden state to the token that it was computed from: a prompt of `m`
/// tokens has `m - 1` predicted ones and `m` hidden states, a continuation of `n` tokens has `n` of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PartFidelity {
    /// Number of predicted tokens.
    pub predicted_tokens: usize,
    /// Divergence `KL(dense || pruned)` of the next token over the whole vocabulary, in nats.
    pub kl: f64,
    /// Loss of the trace's tokens under the dense model, in nats.
    pub nll_dense: f64,
    /// Loss of the trace's tokens under the pruned model, in nats.
    pub nll_pruned: f64,
    /// Number of tokens with a hidden state.
    pub tokens: usize,
    /// Distance `e_t = ||h_dense - h_pruned||` of the normalised hidden state after the last block.
    pub hidden_distance: f64,
    /// Relative distance `||h_dense - h_pruned|| / ||h_dense||` of that state.
    pub hidden_error: f64,
}

/// Compares two checkpoints on traces, teacher-forced: both read prompt and continuation as they are.
///
/// `listener` is called with the number of traces done and their total.
///
/// # Errors
///
/// If a model cannot be loaded or is packed, both differ in vocabulary or width, a trace is too long, or a measure is not
/// finite.
pub fn fidelity(
    dense: &Checkpoint,
    pruned: &Checkpoint,
    traces: &[Trace],
    device: &Device,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Fidelity, MeasureError> {
    if let Some(packed) = [dense, pruned].into_iter().find(|model| is_packed(model)) {
        return Err(MeasureError::from(ModelFileError::IsPacked {
            path: packed.path().to_owned(),
        }));
    }
    FamilyKind::of(dense)?.run(Compare {
        dense,
        pruned,
        traces,
        device,
        listener,
    })
}

struct Compare<'a> {
    dense: &'a Checkpoint,
    pruned: &'a Checkpoint,
    traces: &'a [Trace],
    device: &'a Device,
    listener: &'a mut dyn FnMut(usize, usize),
}

impl FamilyJob for Compare<'_> {
    type Output = Result<Fidelity, MeasureError>;

    fn run<F: LanguageModel>(self) -> Self::Output {
        let open = |checkpoint: &Checkpoint| {
            let family = F::open(checkpoint)?;
            let model = family.load(checkpoint, self.device)?;
            Ok::<_, MeasureError>((family, model))
        };
        let [dense, pruned] = [open(self.dense)?, open(self.pruned)?];
        let [dense, pruned] = [&dense, &pruned].map(|(family, model)| LoadedModel::new(family, model));
        fidelity_of(dense, pruned, self.traces, self.listener)
    }
}

/// Compares two loaded models on traces.
///
/// Hidden states of one trace and the logits of some positions are in memory at a time; sums are of `f64`.
///
/// # Errors
///
/// If the models differ in vocabulary or width, a token is outside the vocabulary, a trace is too long, or a measure is not
/// finite. The last token of a trace that filled the positions was never run, and is left out.
pub fn fidelity_of<F: LanguageModel>(
    dense: LoadedModel<'_, F>,
    pruned: LoadedModel<'_, F>,
    traces: &[Trace],
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Fidelity, MeasureError> {
    let max_positions = dense.family.max_positions().min(pruned.family.max_positions());
    let traces: Vec<Trace> = traces.iter().map(|trace| trace.clone().within(max_positions)).collect();
    check_same(dense, pruned)?;
    check_lengths(&traces, max_positions)?;
    let longest = traces
        .iter()
        .map(|trace| trace.prompt_tokens.len() + trace.new_tokens.len())
        .max();
    let longest = longest.unwrap_or(0);
    let (dense, pruned) = (Runner::new(dense, longest), Runner::new(pruned, longest));
    let [mut prompt, mut decode] = [Sums::default(), Sums::default()];
    for (index, trace) in traces.iter().enumerate() {
        let measured = measure(&dense, &pruned, &trace.tokens())?;
        measured.check(index)?;
        // The first token is predicted by none, so the prompt has one prediction less than tokens.
        let n_prompt = trace.prompt_tokens.len();
        prompt.add(&measured, 0..n_prompt - 1, 0..n_prompt);
        let n_tokens = n_prompt + trace.new_tokens.len();
        decode.add(&measured, n_prompt - 1..n_tokens - 1, n_prompt..n_tokens);
        listener(index + 1, traces.len());
    }
    Ok(Fidelity {
        traces: traces.len(),
        prompt: prompt.means(),
        decode: decode.means(),
    })
}

fn check_same<F: LanguageModel>(dense: LoadedModel<'_, F>, pruned: LoadedModel<'_, F>) -> Result<(), MeasureError> {
    let [[dense_vocab, dense_width], [pruned_vocab, pruned_width]] = [dense, pruned].map(|it| F::head(it.model).dims());
    for (what, first, second) in [
        ("vocabulary", dense_vocab, pruned_vocab),
        ("width", dense_width, pruned_width),
    ] {
        if first != second {
            return Err(MeasureError::ModelsDiffer { what, first, second });
        }
    }
    Ok(())
}

fn check_lengths(traces: &[Trace], max_positions: usize) -> Result<(), MeasureError> {
    let lengths = traces
        .iter()
        .map(|trace| trace.prompt_tokens.len() + trace.new_tokens.len());
    match lengths.clone().find(|length| *length > max_positions) {
        Some(window) => Err(TextError::WindowTooLong { window, max_positions }.into()),
        None if lengths.clone().any(|length| length > 1) => Ok(()),
        None => Err(MeasureError::NoTraces),
    }
}

/// A model with its positions.
struct Runner<'a, F: LanguageModel> {
    loaded: LoadedModel<'a, F>,
    vocab_size: usize,
    positions: F::Positions,
}

impl<'a, F: LanguageModel> Runner<'a, F> {
    fn new(loaded: LoadedModel<'a, F>, longest: usize) -> Self {
        Self {
            loaded,
            vocab_size: loaded.family.vocab_size(),
            positions: loaded.family.positions(longest, &F::device(loaded.model)),
        }
    }

    /// Hidden states, `[n_tokens, d_model]`.
    fn hidden(&self, tokens: &[u32]) -> Result<Tensor<2>, MeasureError> {
        let LoadedModel { family, model } = self.loaded;
        let tokens = to_tensor(tokens, self.vocab_size, &F::device(model))?;
        let hidden = family.hidden(model, tokens, &self.positions);
        let [_, n_tokens, d_model] = hidden.dims();
        Ok(hidden.reshape([n_tokens, d_model]))
    }

    /// The logits of some hidden states, `[n, vocab_size]`.
    fn logits(&self, hidden: Tensor<2>) -> Vec<f32> {
        values(self.loaded.family.logits(self.loaded.model, hidden))
    }
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_to_vec().expect("the tensor has f32")
}

/// Measures on the tokens of one trace.
struct Measured {
    /// Divergence, loss of the dense model and loss of the pruned model, for all tokens but the first.
    predictions: Vec<[f64; 3]>,
    /// Distance, and distance relative to the dense state, for all tokens.
    distances: Vec<[f64; 2]>,
}

impl Measured {
    fn check(&self, trace: usize) -> Result<(), MeasureError> {
        let predictions = self
            .predictions
            .iter()
            .flat_map(|p| ["divergence", "dense loss", "pruned loss"].into_iter().zip(*p));
        let distances = self
            .distances
            .iter()
            .flat_map(|d| ["hidden distance", "hidden error"].into_iter().zip(*d));
        match predictions.chain(distances).find(|(_, value)| !value.is_finite()) {
            Some((what, value)) => Err(MeasureError::MeasureNotFinite { what, trace, value }),
            None => Ok(()),
        }
    }
}

fn measure<F: LanguageModel>(
    dense: &Runner<'_, F>,
    pruned: &Runner<'_, F>,
    tokens: &[u32],
) -> Result<Measured, MeasureError> {
    let (of_dense, of_pruned) = (dense.hidden(tokens)?, pruned.hidden(tokens)?);
    let [n_tokens, d_model] = of_dense.dims();
    let (a, b) = (values(of_dense.clone()), values(of_pruned.clone()));
    let pairs = a.chunks_exact(d_model).zip(b.chunks_exact(d_model));
    let distances = pairs.map(|(dense, pruned)| distance(dense, pruned)).collect();
    let mut predictions = Vec::with_capacity(n_tokens - 1);
    for start in (0..n_tokens - 1).step_by(LOGITS) {
        let end = (start + LOGITS).min(n_tokens - 1);
        let part = |hidden: &Tensor<2>| hidden.clone().slice([start..end, 0..d_model]);
        let (a, b) = (dense.logits(part(&of_dense)), pruned.logits(part(&of_pruned)));
        let pairs = a
            .par_chunks_exact(dense.vocab_size)
            .zip(b.par_chunks_exact(dense.vocab_size));
        let targets = pairs.zip(&tokens[start + 1..=end]);
        predictions.par_extend(targets.map(|((dense, pruned), target)| prediction(dense, pruned, *target as usize)));
    }
    Ok(Measured { predictions, distances })
}

/// The distance of two hidden states, and the distance relative to the first.
fn distance(dense: &[f32], pruned: &[f32]) -> [f64; 2] {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let pairs = dense.iter().zip(pruned);
    let distance = norm(&mut pairs.map(|(a, b)| f64::from(*a) - f64::from(*b)));
    let length = norm(&mut dense.iter().map(|a| f64::from(*a)));
    // Two zero states are the same.
    let relative = if distance == 0.0 { 0.0 } else { distance / length };
    [distance, relative]
}

/// `KL(dense || pruned)` and the losses of `target` under both, from logits.
fn prediction(dense: &[f32], pruned: &[f32], target: usize) -> [f64; 3] {
    let (of_dense, of_pruned) = (log_sum_exp(dense), log_sum_exp(pruned));
    let log_p = |logit: f32| f64::from(logit) - of_dense;
    let log_q = |logit: f32| f64::from(logit) - of_pruned;
    let terms = dense
        .iter()
        .zip(pruned)
        .map(|(a, b)| log_p(*a).exp() * (log_p(*a) - log_q(*b)));
    // Rounding can leave a little less than nothing.
    let kl: f64 = terms.sum::<f64>();
    [
        if kl < 0.0 { 0.0 } else { kl },
        -log_p(dense[target]),
        -log_q(pruned[target]),
    ]
}

fn log_sum_exp(logits: &[f32]) -> f64 {
    let peak = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    peak + logits
        .iter()
        .map(|logit| (f64::from(*logit) - peak).exp())
        .sum::<f64>()
        .ln()
}

#[derive(Default)]
struct Sums {
    predicted_tokens: usize,
    predictions: [f64; 3],
    tokens: usize,
    distances: [f64; 2],
}

impl Sums {
    fn add(&mut self, measured: &Measured, predicted: std::ops::Range<usize>, tokens: std::ops::Range<usize>) {
        self.predicted_tokens += predicted.len();
        self.tokens += tokens.len();
        for values in &measured.predictions[predicted] {
            (0..3).for_each(|index| self.predictions[index] += values[index]);
        }
        for values in &measured.distances[tokens] {
            (0..2).for_each(|index| self.distances[index] += values[index]);
        }
    }

    fn means(&self) -> PartFidelity {
        let [kl, nll_dense, nll_pruned] = self.predictions.map(|sum| sum / self.predicted_tokens as f64);
        let [hidden_distance, hidden_error] = self.distances.map(|sum| sum / self.tokens as f64);
        PartFidelity {
            predicted_tokens: self.predicted_tokens,
            kl,
            nll_dense,
            nll_pruned,
            tokens: self.tokens,
            hidden_distance,
            hidden_error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_computed_divergence() {
        // p = (1/2, 1/2), q = (1/4, 3/4)
        let [kl, dense, pruned] = prediction(&[1.0, 1.0], &[0.0, 3f32.ln()], 0);
        let expected = 0.5 * (0.5f64 / 0.25).ln() + 0.5 * (0.5f64 / 0.75).ln();
        assert!((kl - expected).abs() < 1e-7, "{kl}");
        assert!((dense - 2f64.ln()).abs() < 1e-12 && (pruned - 4f64.ln()).abs() < 1e-7);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let [kl, dense, pruned] = prediction(&[30_000.0, -30_000.0], &[-30_000.0, 30_000.0], 0);
        assert_eq!([kl, dense, pruned], [60_000.0, 0.0, 60_000.0]);
    }
}
