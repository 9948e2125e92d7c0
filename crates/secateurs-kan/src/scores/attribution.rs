//! Attribution: shares of nodes and edges in the variation of the outputs.

use burn::tensor::Tensor;
use secateurs_importance::UnitImportance;
use secateurs_tensor::UnitScores;

use crate::Result;
use crate::layers::network::Kan;
use crate::scores::observed::{ObservedLayer, layer_scores};
use crate::scores::statistics::LayerStatistics;

/// Term added to the deviation of a sum.
const EPSILON: f64 = 1e-4;

/// Scores of nodes and edges; higher is more important.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// Scores of the inputs, then of the nodes of every layer.
    pub nodes: Vec<UnitScores>,
    /// Scores of the edges of every layer: `[d_input, n_subnodes]`
    pub edges: Vec<UnitScores>,
}

/// Attributes the variation of the outputs backwards.
///
/// A node of the last layer has score 1 for its own output and 0 for the others. An edge takes its share of its
/// subnode's score, `E_{i,s} = sd(phi_{i,s}) A_s / (sd(sum_s) + 1e-4)`, where all factors of a product have the score of
/// their node, and an input the sum of its edges, `A_i = sum_s E_{i,s}`. Scores are means over the outputs.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`.
///
/// # Errors
///
/// If there are fewer than two rows, or a value in the network is NaN or infinite.
///
/// # References
///
/// Liu et al., *KAN 2.0*, 2024, section 4.1, arXiv:2408.10205.
pub fn attribution(kan: &Kan, x: Tensor<2>) -> Result<Attribution> {
    attributed(&kan.statistics(x)?)
}

/// Computes the scores from deviations.
///
/// # Errors
///
/// [`KanError::NanScore`](crate::KanError::NanScore) where a deviation is NaN.
pub fn attributed(layers: &[LayerStatistics]) -> Result<Attribution> {
    let n_outputs = layers.last().map_or(0, |layer| layer.width.n_nodes());
    let mut edges: Vec<Vec<f64>> = layers
        .iter()
        .map(|layer| vec![0.0; layer.edge_deviations.len()])
        .collect();
    let mut nodes: Vec<Vec<f64>> = layers.iter().map(|layer| vec![0.0; layer.d_input]).collect();
    for output in 0..n_outputs {
        let mut score = vec![0.0; n_outputs];
        score[output] = 1.0;
        for (number, layer) in layers.iter().enumerate().rev() {
            let n_subnodes = layer.sum_deviations.len();
            let mut of_inputs = vec![0.0; layer.d_input];
            for (at, deviation) in layer.edge_deviations.iter().enumerate() {
                let (input, subnode) = (at / n_subnodes, at % n_subnodes);
                let of_subnode = score[layer.width.node_of(subnode)];
                let of_edge = deviation * of_subnode / (layer.sum_deviations[subnode] + EPSILON);
                of_inputs[input] += of_edge;
                edges[number][at] += of_edge / n_outputs as f64;
            }
            for (total, of_input) in nodes[number].iter_mut().zip(&of_inputs) {
                *total += of_input / n_outputs as f64;
            }
            score = of_inputs;
        }
    }
    nodes.push(vec![1.0 / n_outputs.max(1) as f64; n_outputs]);
    let edges = edges.into_iter().zip(layers).enumerate();
    let edges = edges.map(|(number, (scores, layer))| {
        let n_subnodes = layer.sum_deviations.len();
        layer_scores(number, scores, |edge| edge % n_subnodes)
    });
    let edges = edges.collect::<Result<_>>()?;
    let nodes = nodes.into_iter().enumerate();
    let nodes = nodes.map(|(number, scores)| layer_scores(number, scores, |node| node));
    Ok(Attribution {
        nodes: nodes.collect::<Result<_>>()?,
        edges,
    })
}

/// The score [`attribution`] for the nodes at which the edges of a layer begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeAttribution;

impl UnitImportance for NodeAttribution {
    type Evidence = ObservedLayer;

    fn name(&self) -> &str {
        "attribution"
    }

    fn score(&self, observed: &ObservedLayer) -> secateurs_importance::Result<UnitScores> {
        let scores = attribution_of(observed).map_err(|error| observed.failed(self.name(), error))?;
        Ok(scores.nodes[observed.layer].clone())
    }
}

/// The score [`attribution`] for the edges of a layer, `[d_input, n_subnodes]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EdgeAttribution;

impl UnitImportance for EdgeAttribution {
    type Evidence = ObservedLayer;

    fn name(&self) -> &str {
        "edge-attribution"
    }

    fn score(&self, observed: &ObservedLayer) -> secateurs_importance::Result<UnitScores> {
        let scores = attribution_of(observed).map_err(|error| observed.failed(self.name(), error))?;
        Ok(scores.edges[observed.layer].clone())
    }
}

fn attribution_of(observed: &ObservedLayer) -> Result<Attribution> {
    observed.check()?;
    attribution(&observed.kan, observed.x.clone())
}
