//! What is known of a model's experts, and the model without some of them.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Int, Tensor, TensorData};
use secateurs::importance::{Importance, LayerView, Wanda};
use secateurs::models::llama::{Llama, LlamaConfig, LlamaMoe, Rope};
use secateurs::moe::prune::{
    ActivationNorm, CachedBatch, ExpertEvidence, ExpertImportance, Frequency, GateMass, Naee, OutputVariance,
    RandomExperts, Reap, clusters, gated_inputs, keep_experts, lost, merge_experts, n_removed, scores_of,
};
use secateurs::moe::{MoeError, Routing, TokenRouting, answers, keep_logits};
use secateurs::tensor::{ActivationStats, Observer, Pattern, Scope, Sparsity, WeightMatrix, select};

use crate::ExperimentError;

/// How experts are chosen, and what takes their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Criterion {
    Random,
    Frequency,
    GateMass,
    ActivationNorm,
    Reap,
    Naee,
    /// The experts that constants replace best, and constants in their place.
    Mone,
    /// Those that REAP removes, and constants in their place.
    ReapMean,
    /// Experts that answer alike become one.
    Merge,
    /// Weights in all experts instead of whole experts.
    MoePruner,
}

pub(super) const CRITERIA: [Criterion; 10] = [
    Criterion::Random,
    Criterion::Frequency,
    Criterion::GateMass,
    Criterion::ActivationNorm,
    Criterion::Reap,
    Criterion::Naee,
    Criterion::Mone,
    Criterion::ReapMean,
    Criterion::Merge,
    Criterion::MoePruner,
];

impl Criterion {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Frequency => "frequency",
            Self::GateMass => "gate-mass",
            Self::ActivationNorm => "ean",
            Self::Reap => "reap",
            Self::Naee => "naee",
            Self::Mone => "mone",
            Self::ReapMean => "reap+mean",
            Self::Merge => "hc-smoe",
            Self::MoePruner => "moe-pruner",
        }
    }

    pub(super) fn is_control(self) -> bool {
        self == Self::Random
    }

    /// Whether tokens lose experts, rather than experts weights.
    pub(super) fn removes_experts(self) -> bool {
        self != Self::MoePruner
    }

    fn importance(self, seed: u64) -> Option<Box<dyn ExpertImportance>> {
        Some(match self {
            Self::Random => Box::new(RandomExperts { seed }),
            Self::Frequency => Box::new(Frequency),
            Self::GateMass => Box::new(GateMass),
            Self::ActivationNorm => Box::new(ActivationNorm),
            Self::Reap | Self::ReapMean => Box::new(Reap),
            Self::Mone => Box::new(OutputVariance),
            Self::Naee | Self::Merge | Self::MoePruner => return None,
        })
    }
}

/// What calibration tokens show of one block.
pub(super) struct Observed {
    evidence: ExpertEvidence,
    routing: TokenRouting,
    cached: CachedBatch,
    /// `||x . gate||` of every linear of every expert, by its path in the block.
    gated_norms: BTreeMap<String, Vec<f32>>,
}

/// Runs the model on windows and looks at every mixture. All blocks see what the unpruned ones before them give.
pub(super) fn observe(
    config: &LlamaConfig,
    llama: &Llama,
    windows: &[Vec<u32>],
) -> Result<Vec<Observed>, ExperimentError> {
    let device = llama.model.embed_tokens.weight.device();
    let n_tokens = windows[0].len();
    let positions = Rope::new(config, n_tokens, &device);
    let ids: Vec<i64> = windows.concat().iter().map(|&token| i64::from(token)).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [windows.len(), n_tokens]), &device);
    let mut hidden = llama.model.embed_tokens.forward(ids);
    let mut observed = Vec::new();
    for block in &llama.model.layers {
        if let Some(moe) = &block.moe {
            let tokens = block.experts_input(hidden.clone(), &positions);
            let routing = of_tokens(moe.route(tokens.clone())?)?;
            let mut evidence = ExpertEvidence::new(moe.experts.len(), tokens.dims()[1]);
            evidence.observe(&routing, &answers(tokens.clone(), &routing, &moe.experts)?)?;
            let mut gated = GatedNorms {
                routing: &routing,
                stats: BTreeMap::new(),
            };
            block.observe(hidden.clone(), &positions, &mut gated);
            let gated_norms = gated
                .stats
                .into_iter()
                .map(|(path, stats)| (path, stats.l2_norms()))
                .collect();
            observed.push(Observed {
                cached: CachedBatch::new(&tokens, moe.logits(tokens.clone()), &moe.experts)?,
                evidence,
                gated_norms,
                routing,
            });
        }
        hidden = block.forward(hidden, &positions, &mut ());
    }
    Ok(observed)
}

fn of_tokens(routing: Routing) -> Result<TokenRouting, MoeError> {
    match routing {
        Routing::Tokens(routing) => Ok(routing),
        Routing::Slots(_) => Err(MoeError::Slots {
            what: "pruning of experts",
        }),
    }
}

/// Norms of what experts see, times their gates.
struct GatedNorms<'a> {
    routing: &'a TokenRouting,
    stats: BTreeMap<String, ActivationStats>,
}

impl Observer for GatedNorms<'_> {
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>) {
        for path in paths {
            let Some(expert) = expert_of(path) else { continue };
            let Some(gated) = gated_inputs(inputs.clone(), self.routing, expert) else {
                continue;
            };
            let stats = self.stats.entry((*path).to_owned());
            let stats = stats.or_insert_with(|| ActivationStats::new(inputs.dims()[1]));
            stats
                .observe(&gated)
                .expect("the activations of a model that runs are finite");
        }
    }
}

/// The number of the expert in `moe.experts.3.up_proj.weight`.
fn expert_of(path: &str) -> Option<usize> {
    path.strip_prefix("moe.experts.")?.split('.').next()?.parse().ok()
}

/// The model without a share of its experts, or of their weights; and for each block the share of gates that removed experts had,
/// and the share of tokens that had no other.
pub(super) fn pruned(
    llama: &Llama,
    observed: &[Observed],
    (criterion, share, seed): (Criterion, f64, u64),
) -> Result<(Llama, Vec<(f64, f64)>), ExperimentError> {
    let mut llama = llama.clone();
    let mut losses = Vec::new();
    let mixtures = llama.model.layers.iter_mut().filter_map(|block| block.moe.as_mut());
    for (index, (moe, observed)) in mixtures.zip(observed).enumerate() {
        if criterion == Criterion::MoePruner {
            zero_weights(moe, observed, share)?;
            continue;
        }
        let n_experts = moe.experts.len();
        let n_removed = n_removed(share, n_experts)?;
        let needed = moe.router.needs();
        let kept = match criterion.importance(seed * 1000 + index as u64) {
            Some(importance) => keep_experts(&scores_of(&*importance, &observed.evidence)?, n_removed, needed)?,
            None if criterion == Criterion::Merge => {
                let groups = clusters(&observed.evidence, n_experts - n_removed)?;
                let firsts: Vec<usize> = groups.iter().map(|group| group[0]).collect();
                moe.experts = merge_experts(&moe.experts, &groups, &observed.evidence)?;
                moe.router = moe.router.keep(&firsts, n_experts)?;
                moe.gate = keep_logits(moe.gate.clone(), &firsts, 1);
                losses.push(lost_shares(&observed.routing, &firsts));
                continue;
            }
            None => {
                let cached = std::slice::from_ref(&observed.cached);
                Naee::default().choose(&moe.router, cached, n_experts - n_removed)?.kept
            }
        };
        losses.push(lost_shares(&observed.routing, &kept));
        if matches!(criterion, Criterion::Mone | Criterion::ReapMean) {
            let means = observed.evidence.experts().iter().map(|expert| expert.mean_answer());
            *moe = moe.clone().with_constants(&kept, &means.collect::<Vec<_>>())?;
        } else {
            *moe = moe.clone().keep(&kept)?;
        }
    }
    Ok((llama, losses))
}

fn lost_shares(routing: &TokenRouting, kept: &[usize]) -> (f64, f64) {
    let lost = lost(routing, kept);
    let n_tokens = routing.assignment.n_tokens() as f64;
    (lost.gate_share, lost.n_alone as f64 / n_tokens)
}

/// Zeroes a share of the weights of every output of every expert, those of the lowest `|W| * ||x . gate||`.
fn zero_weights(moe: &mut LlamaMoe, observed: &Observed, share: f64) -> Result<(), ExperimentError> {
    let pattern = Pattern::Unstructured(Sparsity::new(share)?);
    for (index, expert) in moe.experts.iter_mut().enumerate() {
        let linears = [
            ("gate_proj", &mut expert.gate_proj),
            ("up_proj", &mut expert.up_proj),
            ("down_proj", &mut expert.down_proj),
        ];
        for (name, linear) in linears {
            let path = format!("moe.experts.{index}.{name}.weight");
            let tensor = linear.weight.val();
            let mut weight = WeightMatrix::from_linear(&tensor);
            // Nobody asked the expert anything: all of its inputs count alike.
            let unseen = vec![0.0; weight.d_input()];
            let norms = observed.gated_norms.get(&path).unwrap_or(&unseen);
            let scores = Wanda.score(&LayerView::of_weight(&path, &weight).with_input_norms(norms))?;
            select(&scores, pattern, Scope::PerOutput)?.apply(&mut weight)?;
            linear.weight = linear.weight.clone().map(|_| weight.into_linear(&tensor.device()));
        }
    }
    Ok(())
}

/// Parameters that are not zero.
pub(super) fn n_nonzero(llama: &Llama) -> usize {
    let mut counter = Counter(0);
    llama.visit(&mut counter);
    counter.0
}

struct Counter(usize);

impl ModuleVisitor for Counter {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data();
        self.0 += data.iter::<f32>().filter(|value| *value != 0.0).count();
    }
}
