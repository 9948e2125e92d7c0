//! Removes nodes and inputs.

use burn::tensor::Tensor;
use secateurs_importance::UnitImportance;
use secateurs_tensor::{KeptUnits, UnitKind, UnitScores};

use crate::layers::network::Kan;
use crate::prune::config::{Fold, PruneConfig};
use crate::prune::pruned::{PrunedKan, RemovedNode};
use crate::scores::observed::{ObservedLayer, nodes_path};
use crate::{KanError, Result};

/// Removes all hidden nodes of each layer but those to stay; at least one stays in every layer.
///
/// Among equal scores the lower index is removed first.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`; `scores`: one group for the inputs, then one for the nodes of every layer, as
/// [`Attribution`](crate::Attribution) has them; those of inputs and outputs are not used.
///
/// # Errors
///
/// As [`prune_edges`](crate::prune_edges).
pub fn prune_nodes(
    kan: Kan,
    x: Tensor<2>,
    scores: &[UnitScores],
    config: &PruneConfig,
) -> Result<PrunedKan<RemovedNode>> {
    let n_layers = kan.layers.len();
    KanError::check_length("layers of scores", n_layers + 1, scores.len())?;
    let mut choices = NodeChoices::all(&kan);
    for (layer, scores) in scores.iter().enumerate().take(n_layers).skip(1) {
        choices.choose(layer, scores.clone(), config)?;
    }
    remove_nodes(kan, x, choices, config.fold)
}

/// Removes all inputs but those to stay; at least one stays. [`PrunedKan::inputs`] are those that the network still
/// takes.
///
/// # Shapes
///
/// As for [`prune_nodes`]; only the scores of the inputs are used.
///
/// # Errors
///
/// As [`prune_edges`](crate::prune_edges).
pub fn prune_inputs(
    kan: Kan,
    x: Tensor<2>,
    scores: &[UnitScores],
    config: &PruneConfig,
) -> Result<PrunedKan<RemovedNode>> {
    KanError::check_length("layers of scores", kan.layers.len() + 1, scores.len())?;
    let mut choices = NodeChoices::all(&kan);
    choices.choose(0, scores[0].clone(), config)?;
    remove_nodes(kan, x, choices, config.fold)
}

/// Removes hidden nodes layer after layer from the inputs on; each layer is scored on the network pruned so far.
///
/// The second result are the scores of every hidden layer.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`.
///
/// # Errors
///
/// If the score fails, a threshold is NaN, a share is not from 0 to 1, there are fewer than two rows, or a value in the network is NaN or
/// infinite.
///
/// # Examples
///
/// ```
/// use burn::tensor::Device;
/// use secateurs_kan::{BasisConfig, KanConfig, PruneConfig, ShapleyConfig, Stay, prune_nodes_by};
///
/// let splines = BasisConfig::BSpline { degree: 3, n_intervals: 3 };
/// let kan = KanConfig::new([2, 4, 1], splines)?.init(0, &Device::default());
/// let x = kan.tensor(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.7], 2)?;
/// let (pruned, _) = prune_nodes_by(kan, x, &ShapleyConfig::default(), &PruneConfig::new(Stay::Share(0.5)))?;
/// assert_eq!(pruned.kan.widths()[1].n_nodes(), 2);
/// # Ok::<(), secateurs_kan::KanError>(())
/// ```
pub fn prune_nodes_by(
    kan: Kan,
    x: Tensor<2>,
    score: &dyn UnitImportance<Evidence = ObservedLayer>,
    config: &PruneConfig,
) -> Result<(PrunedKan<RemovedNode>, Vec<UnitScores>)> {
    let mut pruned = PrunedKan {
        inputs: (0..kan.d_input()).collect(),
        kan,
        removed: Vec::new(),
        units: Vec::new(),
    };
    let mut all = Vec::new();
    for layer in 1..pruned.kan.layers.len() {
        let observed = ObservedLayer {
            kan: pruned.kan.clone(),
            layer,
            x: x.clone(),
        };
        let scores = score
            .score(&observed)
            .map_err(|error| KanError::of_score(layer, error))?;
        let mut choices = NodeChoices::all(&pruned.kan);
        choices.choose(layer, scores.clone(), config)?;
        let next = remove_nodes(pruned.kan, x.clone(), choices, config.fold)?;
        pruned.kan = next.kan;
        pruned.removed.extend(next.removed);
        pruned.units.extend(next.units);
        all.push(scores);
    }
    Ok((pruned, all))
}

/// Nodes of each layer that stay, inputs first.
struct NodeChoices(Vec<LayerChoice>);

enum LayerChoice {
    /// A choice of all nodes.
    All(usize),
    Some {
        kept: KeptUnits,
        scores: UnitScores,
    },
}

impl NodeChoices {
    fn all(kan: &Kan) -> Self {
        let widths = kan.widths();
        Self(widths.iter().map(|width| LayerChoice::All(width.n_nodes())).collect())
    }

    fn choose(&mut self, layer: usize, scores: UnitScores, config: &PruneConfig) -> Result<()> {
        KanError::check_length("scores of nodes", self.0[layer].kept().len(), scores.len())?;
        let kept = config.kept(&scores)?;
        self.0[layer] = LayerChoice::Some { kept, scores };
        Ok(())
    }
}

impl LayerChoice {
    fn kept(&self) -> Vec<usize> {
        match self {
            Self::All(count) => (0..*count).collect(),
            Self::Some { kept, .. } => kept.indices().to_vec(),
        }
    }

    /// The nodes to remove, with their scores.
    fn gone(&self) -> Vec<(usize, f64)> {
        match self {
            Self::All(_) => Vec::new(),
            Self::Some { kept, scores } => {
                let nodes = kept.to_mask().into_iter().zip(scores.values()).enumerate();
                let gone = nodes.filter(|(_, (stays, _))| !stays);
                gone.map(|(node, (_, score))| (node, *score)).collect()
            }
        }
    }
}

/// Removes all nodes that are not chosen; all outputs must be chosen.
fn remove_nodes(kan: Kan, x: Tensor<2>, choices: NodeChoices, fold: Fold) -> Result<PrunedKan<RemovedNode>> {
    let (mut removed, mut units, mut layers) = (Vec::new(), Vec::new(), Vec::new());
    let choices = choices.0;
    let inputs = choices[0].kept();
    let mut x = kan.scaled(x);
    let scales = kan.scales.select(&inputs);
    for (number, layer) in kan.layers.into_iter().enumerate() {
        if let LayerChoice::Some { kept, .. } = &choices[number] {
            let kind = if number == 0 { UnitKind::Input } else { UnitKind::Node };
            units.push(kept.report(kind, nodes_path(number)));
        }
        let gone = choices[number].gone();
        let layer = if gone.is_empty() {
            layer
        } else {
            // The inputs of this layer lost nodes already; x has the old columns until here.
            let n_subnodes = layer.width().n_subnodes();
            let means = layer.statistics(x.clone(), number)?.0.edge_means;
            let mut drop = vec![false; means.len()];
            for (node, score) in gone {
                let edges = node * n_subnodes..(node + 1) * n_subnodes;
                drop[edges.clone()].fill(true);
                removed.push(RemovedNode {
                    layer: number,
                    node,
                    score,
                    constants: means[edges].to_vec(),
                });
            }
            layer.without_edges(&drop, &means, fold)
        };
        x = layer.forward(x);
        layers.push(layer.select(&choices[number].kept(), &choices[number + 1].kept()));
    }
    Ok(PrunedKan {
        kan: Kan { layers, scales },
        inputs,
        removed,
        units,
    })
}
