//! Removes edges.

use burn::tensor::Tensor;
use secateurs_tensor::{KeptUnits, UnitKind, UnitScores};

use crate::layers::network::Kan;
use crate::prune::config::PruneConfig;
use crate::prune::pruned::{PrunedKan, RemovedEdge};
use crate::scores::observed::layer_path;
use crate::{KanError, Result};

/// Removes all edges of each layer but those to stay; at least one stays in every layer.
///
/// Layers are pruned in order, and the mean of an edge is taken over its values in the network pruned so far. Edges
/// that were pruned before are no units any more: they are not counted, whatever their scores are. Among equal scores
/// the lower index, `input * n_subnodes + subnode`, is removed first.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`; `scores`: for each layer `[d_input, n_subnodes]`.
///
/// # Errors
///
/// If the scores do not fit the network, a threshold is NaN, a share is not from 0 to 1, there are fewer than two rows, or a value
/// that flows is NaN or infinite.
pub fn prune_edges(
    kan: Kan,
    x: Tensor<2>,
    scores: &[UnitScores],
    config: &PruneConfig,
) -> Result<PrunedKan<RemovedEdge>> {
    KanError::check_length("layers of scores", kan.layers.len(), scores.len())?;
    let (mut removed, mut units, mut layers) = (Vec::new(), Vec::new(), Vec::new());
    let inputs = (0..kan.d_input()).collect();
    let mut x = kan.scaled(x);
    let scales = kan.scales;
    for (number, layer) in kan.layers.into_iter().enumerate() {
        let n_subnodes = layer.width().n_subnodes();
        let scores = &scores[number];
        KanError::check_length("scores of edges", layer.d_input() * n_subnodes, scores.len())?;
        let choice = EdgeChoice::of(&layer.present(), scores, config)?;
        units.push(choice.kept.report(UnitKind::Edge, layer_path(number)));
        let drop = choice.drop(scores.len());
        let layer = if drop.contains(&true) {
            let means = layer.statistics(x.clone(), number)?.0.edge_means;
            removed.extend((0..drop.len()).filter(|&at| drop[at]).map(|at| RemovedEdge {
                layer: number,
                input: at / n_subnodes,
                subnode: at % n_subnodes,
                score: scores.values()[at],
                constant: means[at],
            }));
            layer.without_edges(&drop, &means, config.fold)
        } else {
            layer
        };
        x = layer.forward(x);
        layers.push(layer);
    }
    Ok(PrunedKan {
        kan: Kan { layers, scales },
        inputs,
        removed,
        units,
    })
}

/// The choice among the existing edges of a layer.
struct EdgeChoice {
    /// Indices of the existing edges.
    present: Vec<usize>,
    /// The edges that stay, by their index in `present`.
    kept: KeptUnits,
}

impl EdgeChoice {
    fn of(present: &[bool], scores: &UnitScores, config: &PruneConfig) -> Result<Self> {
        let present: Vec<usize> = (0..present.len()).filter(|&edge| present[edge]).collect();
        let values = present.iter().map(|&edge| scores.values()[edge]).collect();
        let kept = config.kept(&UnitScores::new(values)?)?;
        Ok(Self { present, kept })
    }

    fn drop(&self, n_edges: usize) -> Vec<bool> {
        let mut drop = vec![false; n_edges];
        for (edge, stays) in self.present.iter().zip(self.kept.to_mask()) {
            drop[*edge] = !stays;
        }
        drop
    }
}
