//! Observation of a model's experts on calibration tokens.

use std::collections::BTreeMap;

use burn::tensor::Tensor;
use secateurs_models::decoder::LlamaMoe;
use secateurs_models::{LoadedModel, MixtureFamily};
use secateurs_moe::prune::{CachedBatch, ExpertEvidence, gated_inputs};
use secateurs_moe::{MoeError, Routing, TokenRouting, answers};
use secateurs_tensor::{ActivationStats, Observer};

use crate::experts::error::ExpertError;
use crate::experts::method::ExpertMethod;
use crate::measure::evaluate::to_tensor;

/// Records to keep besides the sums over answers that all methods need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The answers of all experts to all tokens, `n_tokens * n_experts * d_model` numbers per block, with which sets of
    /// experts are compared.
    pub answers: bool,
    /// Norms of the gated inputs of all linears, with which weights are scored.
    pub inputs: bool,
}

impl Evidence {
    /// Records that any method needs.
    pub const ALL: Self = Self {
        answers: true,
        inputs: true,
    };

    /// Records that this method needs.
    pub fn of(method: ExpertMethod) -> Self {
        Self {
            answers: method == ExpertMethod::Naee,
            inputs: method == ExpertMethod::MoePruner,
        }
    }
}

/// Evidence from calibration tokens about the experts of one block.
pub struct ExpertObservation {
    /// Sums over tokens.
    pub evidence: ExpertEvidence,
    /// Assignments of the tokens of each sequence.
    pub routings: Vec<TokenRouting>,
    /// Answers of all experts to all tokens, if they were kept.
    pub cached: Vec<CachedBatch>,
    /// Norms of the gated inputs, `x . gate`, of every linear of every expert, by its path in the block.
    pub gated: BTreeMap<String, ActivationStats>,
}

/// Runs the model on sequences and observes the mixture of every block. All blocks see the outputs of the unpruned
/// blocks before them.
///
/// # Errors
///
/// If the model is not a mixture, a token is outside its vocabulary, or something in it is not finite.
pub fn observe_experts<F: MixtureFamily>(
    loaded: LoadedModel<'_, F>,
    sequences: &[Vec<u32>],
    kept: Evidence,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Vec<ExpertObservation>, ExpertError> {
    let LoadedModel { family, model } = loaded;
    let mixtures = F::blocks(model).iter().filter_map(F::mixture_of);
    let mut observed: Vec<ExpertObservation> = mixtures.map(ExpertObservation::new).collect();
    if observed.is_empty() {
        return Err(ExpertError::NoExperts);
    }
    let (device, vocab_size) = (F::device(model), family.vocab_size());
    let longest = sequences.iter().map(Vec::len).max().unwrap_or(0);
    let positions = family.positions(longest, &device);
    for (done, sequence) in sequences.iter().enumerate() {
        let tokens = to_tensor(sequence, vocab_size, &device)?;
        let mut hidden = family.embedded(model, tokens);
        let mut observations = observed.iter_mut();
        for block in F::blocks(model) {
            let mixture = F::mixture_of(block).and_then(|moe| Some((moe, observations.next()?)));
            let Some((moe, observation)) = mixture else {
                hidden = family.forward(block, hidden, &positions, &mut ());
                continue;
            };
            let tokens = family.mixture_input(block, hidden.clone(), &positions);
            let routing = observation.see(moe, tokens, kept)?;
            let gated = kept.inputs.then_some(&mut observation.gated);
            hidden = observe_gated(&routing, gated, |observer| {
                family.forward(block, hidden, &positions, observer)
            })?;
            observation.routings.push(routing);
        }
        listener(done + 1, sequences.len());
    }
    Ok(observed)
}

impl ExpertObservation {
    fn new(moe: &LlamaMoe) -> Self {
        let [d_model, n_experts] = moe.gate.weight.dims();
        Self {
            evidence: ExpertEvidence::new(n_experts, d_model),
            routings: Vec::new(),
            cached: Vec::new(),
            gated: BTreeMap::new(),
        }
    }

    fn see(&mut self, moe: &LlamaMoe, tokens: Tensor<2>, kept: Evidence) -> Result<TokenRouting, ExpertError> {
        let routing = match moe.route(tokens.clone())? {
            Routing::Tokens(routing) => routing,
            Routing::Slots(_) => {
                return Err(MoeError::Slots {
                    what: "pruning of experts",
                }
                .into());
            }
        };
        self.evidence
            .observe(&routing, &answers(tokens.clone(), &routing, &moe.experts)?)?;
        if kept.answers {
            self.cached
                .push(CachedBatch::new(&tokens, moe.logits(tokens.clone()), &moe.experts)?);
        }
        Ok(routing)
    }
}

/// Runs a block, and adds the gated inputs of its experts to `stats`, if there are any.
fn observe_gated(
    routing: &TokenRouting,
    stats: Option<&mut BTreeMap<String, ActivationStats>>,
    forward: impl FnOnce(&mut dyn Observer) -> Tensor<3>,
) -> Result<Tensor<3>, ExpertError> {
    let Some(stats) = stats else {
        return Ok(forward(&mut ()));
    };
    let mut gated = Gated {
        routing,
        stats,
        error: None,
    };
    let hidden = forward(&mut gated);
    gated.error.map_or(Ok(hidden), Err)
}

/// Sums of the inputs of experts, multiplied by their gates.
struct Gated<'a> {
    routing: &'a TokenRouting,
    stats: &'a mut BTreeMap<String, ActivationStats>,
    error: Option<ExpertError>,
}

impl Observer for Gated<'_> {
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>) {
        for path in paths {
            let gated = expert_of(path).and_then(|expert| gated_inputs(inputs.clone(), self.routing, expert));
            let Some(gated) = gated else { continue };
            let stats = self.stats.entry((*path).to_owned());
            let stats = stats.or_insert_with(|| ActivationStats::new(inputs.dims()[1]));
            if let Err(error) = stats.observe(&gated) {
                self.error.get_or_insert(error.into());
            }
        }
    }
}

/// The index of the expert in a path such as `moe.experts.3.up_proj.weight`.
fn expert_of(path: &str) -> Option<usize> {
    path.strip_prefix("moe.experts.")?.split('.').next()?.parse().ok()
}
