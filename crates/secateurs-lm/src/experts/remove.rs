//! Removes experts from a model in memory.

use secateurs_models::decoder::LlamaMoe;
use secateurs_models::{LoadedModel, MixtureFamily};
use secateurs_moe::keep_logits;
use secateurs_moe::prune::{Naee, clusters, keep_experts, lost, merge_experts, scores_of};
use secateurs_tensor::{CostChange, Sparsity, UnitKind, UnitReport};
use serde::Serialize;

use super::method::ExpertMethod;
use super::observe::ExpertObservation;
use super::weights::zero_weights;
use super::zeros::Zeros;
use crate::experts::error::ExpertError;

/// The choice of the experts to remove.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ExpertPlan {
    /// The method that chooses.
    pub method: ExpertMethod,
    /// Share of the experts of every block to remove, `floor(n * share)` of them; for [`ExpertMethod::MoePruner`] of
    /// their weights.
    pub share: Sparsity,
    /// Seed of the random choices.
    pub seed: u64,
}

impl ExpertPlan {
    /// Number of experts to remove from a block of `n_experts`.
    pub fn n_removed(&self, n_experts: usize) -> usize {
        if self.method.removes_experts() {
            self.share.pruned_count(n_experts)
        } else {
            0
        }
    }
}

/// The report on removed experts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExpertReport {
    /// The plan that was followed.
    pub plan: ExpertPlan,
    /// Share of zeros among the weights of all remaining experts; for a written model counted in its file.
    pub sparsity: f64,
    /// Reports block by block.
    pub blocks: Vec<BlockExperts>,
    /// Number of experts of every block; for a written model counted in its files.
    pub units: Vec<UnitReport>,
    /// Cost of a written model before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostChange>,
}

/// The report on the experts of one block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BlockExperts {
    /// The remaining experts, by their original indices.
    pub kept: Vec<usize>,
    /// The removed experts.
    pub removed: Vec<usize>,
    /// Share of zeros among the weights of the remaining experts; for a written model counted in its file.
    pub sparsity: f64,
    /// Scores of the experts by their original indices, if the method has scores.
    pub scores: Option<Vec<f64>>,
    /// Change of the output, `sum over sequences ||F(x) - F_S(x)||`, if the method computes it.
    pub layer_change: Option<f64>,
    /// Share of the gates of calibration tokens that belonged to removed experts.
    pub lost_gates: f64,
    /// Share of the calibration tokens that lost an expert.
    pub affected_tokens: f64,
    /// Share of the calibration tokens that lost all their experts.
    pub abandoned_tokens: f64,
}

/// Removes a share of the experts of every block.
///
/// The gates lose the logits of removed experts, and the router is normalised over the remaining ones, as before over
/// all.
///
/// # Errors
///
/// If too few experts would be left, or the observations are of another model.
pub fn remove_experts<F: MixtureFamily>(
    loaded: LoadedModel<'_, F>,
    observed: &[ExpertObservation],
    plan: &ExpertPlan,
) -> Result<(F::Model, ExpertReport), ExpertError> {
    let mut model = loaded.model.clone();
    let (mut blocks, mut units) = (Vec::new(), Vec::new());
    let mut zeros = Zeros::default();
    for (index, (moe, observed)) in F::mixtures_mut(&mut model).into_iter().zip(observed).enumerate() {
        // Every block draws for itself.
        let seed = plan.seed.wrapping_mul(1000).wrapping_add(index as u64);
        let choice = Choice::of(moe, observed, plan, seed)?;
        blocks.push(choice.report(observed));
        units.push(UnitReport {
            kind: UnitKind::Expert,
            path: format!("model.layers.{index}.moe"),
            before: choice.n_experts,
            requested: choice.n_experts - plan.n_removed(choice.n_experts),
            after: choice.kept.len(),
        });
        *moe = choice.apply(moe.clone(), observed, plan)?;
        let of_block = Zeros::of(&moe.experts);
        blocks[index].sparsity = of_block.share();
        zeros = zeros + of_block;
    }
    let report = ExpertReport {
        plan: *plan,
        sparsity: zeros.share(),
        blocks,
        units,
        cost: None,
    };
    Ok((model, report))
}

/// The remaining experts of a block.
struct Choice {
    n_experts: usize,
    kept: Vec<usize>,
    scores: Option<Vec<f64>>,
    layer_change: Option<f64>,
    /// Groups of experts that are merged; the first of each stays.
    groups: Vec<Vec<usize>>,
}

impl Choice {
    fn of(moe: &LlamaMoe, observed: &ExpertObservation, plan: &ExpertPlan, seed: u64) -> Result<Self, ExpertError> {
        let n_experts = moe.experts.len();
        let all = Self {
            n_experts,
            kept: (0..n_experts).collect(),
            scores: None,
            layer_change: None,
            groups: Vec::new(),
        };
        let n_removed = plan.share.pruned_count(n_experts);
        let n_kept = n_experts - n_removed;
        if let Some(importance) = plan.method.importance(seed) {
            let scores = scores_of(&*importance, &observed.evidence)?;
            let kept = keep_experts(&scores, n_removed, moe.router.needs())?;
            let (kept, scores) = (kept.into_indices(), Some(scores.values().to_vec()));
            return Ok(Self { kept, scores, ..all });
        }
        match plan.method {
            ExpertMethod::Naee => {
                let choice = Naee::default().choose(&moe.router, &observed.cached, n_kept)?;
                let (kept, layer_change) = (choice.kept, Some(choice.loss));
                Ok(Self {
                    kept,
                    layer_change,
                    ..all
                })
            }
            ExpertMethod::HcSmoe => all.by_clusters(moe, observed, n_kept),
            _ => Ok(all),
        }
    }

    fn by_clusters(self, moe: &LlamaMoe, observed: &ExpertObservation, n_kept: usize) -> Result<Self, ExpertError> {
        let groups = clusters(&observed.evidence, n_kept)?;
        let (kept, groups) = (groups.kept(), groups.groups);
        // Before the experts are touched.
        moe.router.keep(&kept, self.n_experts)?;
        Ok(Self { kept, groups, ..self })
    }

    fn apply(
        self,
        mut moe: LlamaMoe,
        observed: &ExpertObservation,
        plan: &ExpertPlan,
    ) -> Result<LlamaMoe, ExpertError> {
        let evidence = &observed.evidence;
        match plan.method {
            ExpertMethod::MoePruner => zero_weights(moe, observed, plan.share),
            ExpertMethod::HcSmoe => {
                moe.router = moe.router.keep(&self.kept, self.n_experts)?;
                moe.gate = keep_logits(moe.gate, &self.kept, 1);
                moe.experts = merge_experts(&moe.experts, &self.groups, evidence)?;
                Ok(moe)
            }
            method if method.leaves_constants() => {
                let means: Vec<Vec<f64>> = evidence.experts().iter().map(|expert| expert.mean_answer()).collect();
                Ok(moe.with_constants(&self.kept, &means)?)
            }
            _ => Ok(moe.keep(&self.kept)?),
        }
    }

    /// The report but for the zeros, which are counted in the result.
    fn report(&self, observed: &ExpertObservation) -> BlockExperts {
        let (mut n_tokens, mut affected, mut abandoned, mut lost_gates) = (0, 0, 0, 0.0);
        for routing in &observed.routings {
            let lost = lost(routing, &self.kept);
            n_tokens += routing.assignment.n_tokens();
            affected += lost.tokens.len();
            abandoned += lost.n_alone;
            lost_gates += lost.gate_share * routing.assignment.n_tokens() as f64;
        }
        let of_tokens = |count: f64| count / n_tokens.max(1) as f64;
        BlockExperts {
            kept: self.kept.clone(),
            removed: (0..self.n_experts)
                .filter(|expert| !self.kept.contains(expert))
                .collect(),
            sparsity: 0.0,
            scores: self.scores.clone(),
            layer_change: self.layer_change,
            lost_gates: of_tokens(lost_gates),
            affected_tokens: of_tokens(affected as f64),
            abandoned_tokens: of_tokens(abandoned as f64),
        }
    }
}
