//! The first stage: removes nodes and edges with low scores.

use burn::module::Module;
use secateurs_tensor::UnitReport;

use super::losses::Losses;
use super::run::{Run, Walked};
use super::stage::{Tried, try_settings};
use super::{Attempt, Stage};
use crate::Result;
use crate::layers::network::Kan;
use crate::prune::{PruneConfig, RemovedEdge, RemovedNode, prune_edges, prune_nodes};
use crate::scores::attribution::{Attribution, attribution};

/// A network after the first stage.
pub(super) struct PrunedNetwork {
    pub(super) kan: Kan,
    pub(super) nodes: Vec<RemovedNode>,
    pub(super) edges: Vec<RemovedEdge>,
    pub(super) units: Vec<UnitReport>,
}

impl PrunedNetwork {
    fn whole(kan: Kan) -> Self {
        Self {
            kan,
            nodes: Vec::new(),
            edges: Vec::new(),
            units: Vec::new(),
        }
    }
}

impl Run<'_> {
    /// The network without nodes and edges of low scores, as far as the limits allow, or the whole network.
    pub(super) fn prune(&self, kan: Kan, limits: &Losses) -> Result<Walked<PrunedNetwork>> {
        let scores = attribution(&kan, self.x.clone())?;
        let before = self.outputs(&kan);
        let mut attempts = Vec::new();
        let results = try_settings(&self.search.thresholds, |threshold| {
            let smaller = self.remove_up_to(threshold, &kan, &scores)?;
            if smaller.nodes.is_empty() && smaller.edges.is_empty() {
                return Ok(None);
            }
            // Training may run away; what was pruned is then not worth it.
            let retrained = self.task.retrain(smaller.kan.clone());
            let is_trained = retrained.is_ok();
            let judged = self.judge(retrained.map_or(smaller.kan, |kan| kan.valid()), &before);
            let (loss, limit) = judged.losses.worst(limits);
            let attempt = Attempt {
                stage: Stage::Prune(threshold),
                loss: if is_trained { loss } else { f64::INFINITY },
                limit,
                change: judged.change,
                // Splines stay bounded, and a change by training may be a gain.
                most_change: f64::INFINITY,
                edges: judged.kan.n_edges(),
            };
            attempts.push(attempt);
            let kan = judged.kan;
            Ok::<_, crate::KanError>(Some(Tried {
                result: PrunedNetwork { kan, ..smaller },
                is_accepted: attempt.accepted(),
            }))
        })?;
        Ok(Walked {
            taken: results.accepted().unwrap_or_else(|| PrunedNetwork::whole(kan)),
            attempts,
        })
    }

    /// Removes nodes, and then edges, with scores up to a threshold; the result is not trained.
    fn remove_up_to(&self, threshold: f64, kan: &Kan, scores: &Attribution) -> Result<PrunedNetwork> {
        let prune = PruneConfig::above(threshold);
        let nodes = prune_nodes(kan.clone(), self.x.clone(), &scores.nodes, &prune)?;
        let of_edges = attribution(&nodes.kan, self.x.clone())?.edges;
        let edges = prune_edges(nodes.kan, self.x.clone(), &of_edges, &prune)?;
        Ok(PrunedNetwork {
            kan: edges.kan,
            nodes: nodes.removed,
            edges: edges.removed,
            units: [nodes.units, edges.units].concat(),
        })
    }
}
