//! Removing edges, nodes and inputs without losing what they contributed on average.

use burn::tensor::{Tensor, TensorData};

use crate::layers::layer::KanLayer;
use crate::layers::network::Kan;
use crate::symbolic::edges::SymbolicEdges;
use crate::{KanError, Result};

/// What becomes of the mean of a removed edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// It is added to the bias of the subnode that the edge led to, so that no constant is lost.
    #[default]
    Mean,
    /// It is lost, as in pykan.
    Zero,
}

/// An edge that is no more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemovedEdge {
    /// Layer of the edge.
    pub layer: usize,
    /// Where it came from, counted before anything was removed.
    pub input: usize,
    /// Where it led, likewise.
    pub subnode: usize,
    /// Its score.
    pub score: f64,
    /// Its mean over the rows, which was folded or lost, in scaled numbers.
    pub constant: f64,
}

/// A node that is no more.
#[derive(Debug, Clone, PartialEq)]
pub struct RemovedNode {
    /// Layer of nodes, 0 for inputs.
    pub layer: usize,
    /// The node, counted before anything was removed.
    pub node: usize,
    /// Its score.
    pub score: f64,
    /// Means of the edges that left it, one for each subnode of the next layer, in scaled numbers.
    pub constants: Vec<f64>,
}

/// Removes every edge whose score is not above a threshold; each layer keeps at least its best edge.
///
/// Layers are pruned in order, and the mean of an edge is taken over what flows through the network pruned so far.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`; `scores`: for each layer `[d_input, n_subnodes]`.
///
/// # Errors
///
/// If the scores do not fit the network or contain NaN, there are fewer than two rows, or a value that flows is NaN or
/// infinite.
pub fn prune_edges(
    kan: Kan,
    x: Tensor<2>,
    scores: &[Vec<f64>],
    (threshold, fold): (f64, Fold),
) -> Result<(Kan, Vec<RemovedEdge>)> {
    check_count("layers of scores", scores.len(), kan.layers.len())?;
    let mut removed = Vec::new();
    let mut layers = Vec::new();
    let mut x = kan.scaled(x);
    let units = kan.units;
    for (number, layer) in kan.layers.into_iter().enumerate() {
        let n_subnodes = layer.width().n_subnodes();
        let scores = &scores[number];
        check_count("scores of edges", scores.len(), layer.d_input() * n_subnodes)?;
        let present = layer.present();
        // What is not there is not the best that is left.
        let of_present: Vec<f64> = scores
            .iter()
            .zip(&present)
            .map(|(score, present)| if *present { *score } else { f64::NEG_INFINITY })
            .collect();
        let keep = above(&of_present, threshold).map_err(|at| KanError::NanScore {
            layer: number,
            node: at % n_subnodes,
        })?;
        let drop: Vec<bool> = keep
            .iter()
            .zip(&present)
            .map(|(keep, present)| *present && !keep)
            .collect();
        let (layer, means) = layer.without_edges(x.clone(), &drop, (number, fold))?;
        removed.extend((0..drop.len()).filter(|&at| drop[at]).map(|at| RemovedEdge {
            layer: number,
            input: at / n_subnodes,
            subnode: at % n_subnodes,
            score: scores[at],
            constant: means[at],
        }));
        x = layer.forward(x);
        layers.push(layer);
    }
    Ok((Kan { layers, units }, removed))
}

/// Removes every hidden node whose score is not above a threshold; each layer keeps at least its best node.
///
/// # Shapes
///
/// `x`: `[rows, d_input]`; `scores`: of the inputs, then of the nodes of every layer, as [`Attribution`](crate::Attribution)
/// has them; those of inputs and outputs are not used.
///
/// # Errors
///
/// As [`prune_edges`].
pub fn prune_nodes(
    kan: Kan,
    x: Tensor<2>,
    scores: &[Vec<f64>],
    (threshold, fold): (f64, Fold),
) -> Result<(Kan, Vec<RemovedNode>)> {
    let n_layers = kan.layers.len();
    check_count("layers of scores", scores.len(), n_layers + 1)?;
    let mut keep: Vec<Vec<usize>> = kan
        .widths()
        .iter()
        .map(|width| (0..width.n_nodes()).collect())
        .collect();
    for layer in 1..n_layers {
        keep[layer] = kept_nodes(&scores[layer], layer, (keep[layer].len(), threshold))?;
    }
    remove_nodes(kan, x, (&keep, scores), fold)
}

/// Removes every input whose score is not above a threshold, and at least keeps the best one.
///
/// The second result are the inputs that the network still takes, in order.
///
/// # Shapes
///
/// As for [`prune_nodes`]; only the scores of the inputs are used.
///
/// # Errors
///
/// As [`prune_edges`].
pub fn prune_inputs(
    kan: Kan,
    x: Tensor<2>,
    scores: &[Vec<f64>],
    (threshold, fold): (f64, Fold),
) -> Result<(Kan, Vec<usize>, Vec<RemovedNode>)> {
    check_count("layers of scores", scores.len(), kan.layers.len() + 1)?;
    let mut keep: Vec<Vec<usize>> = kan
        .widths()
        .iter()
        .map(|width| (0..width.n_nodes()).collect())
        .collect();
    keep[0] = kept_nodes(&scores[0], 0, (keep[0].len(), threshold))?;
    let inputs = keep[0].clone();
    let (kan, removed) = remove_nodes(kan, x, (&keep, scores), fold)?;
    Ok((kan, inputs, removed))
}

/// Removes all nodes but the given ones of each layer, inputs first; the outputs must all be there.
pub(crate) fn remove_nodes(
    kan: Kan,
    x: Tensor<2>,
    (keep, scores): (&[Vec<usize>], &[Vec<f64>]),
    fold: Fold,
) -> Result<(Kan, Vec<RemovedNode>)> {
    let mut removed = Vec::new();
    let mut layers = Vec::new();
    let mut x = kan.scaled(x);
    let units = kan.units.select(&keep[0]);
    for (number, layer) in kan.layers.into_iter().enumerate() {
        // The inputs of this layer lost nodes already; x has the old columns until here.
        let n_subnodes = layer.width().n_subnodes();
        let gone: Vec<usize> = (0..layer.d_input())
            .filter(|node| !keep[number].contains(node))
            .collect();
        let drop: Vec<bool> = (0..layer.d_input() * n_subnodes)
            .map(|at| gone.contains(&(at / n_subnodes)))
            .collect();
        let (layer, means) = layer.without_edges(x.clone(), &drop, (number, fold))?;
        removed.extend(gone.into_iter().map(|node| RemovedNode {
            layer: number,
            node,
            score: scores[number].get(node).copied().unwrap_or(f64::NAN),
            constants: means[node * n_subnodes..][..n_subnodes].to_vec(),
        }));
        x = layer.forward(x);
        layers.push(layer.select(&keep[number], &keep[number + 1]));
    }
    Ok((Kan { layers, units }, removed))
}

impl KanLayer {
    /// Which edges there are, combinations of basis functions or curves: `[d_input, n_subnodes]`.
    pub fn present(&self) -> Vec<bool> {
        let mut present = self.numeric();
        let n_subnodes = self.width().n_subnodes();
        for edge in self.symbolic.iter().flat_map(SymbolicEdges::edges) {
            present[edge.input * n_subnodes + edge.subnode] = true;
        }
        present
    }

    /// The layer without some edges, and the means of all edges over `x`.
    fn without_edges(self, x: Tensor<2>, drop: &[bool], (number, fold): (usize, Fold)) -> Result<(Self, Vec<f64>)> {
        if !drop.contains(&true) {
            return Ok((self, vec![0.0; drop.len()]));
        }
        let (statistics, _) = self.statistics(x, number)?;
        let means = statistics.edge_means;
        let n_subnodes = self.width().n_subnodes();
        let mut constants = vec![0.0; n_subnodes];
        for at in (0..drop.len()).filter(|&at| drop[at]) {
            constants[at % n_subnodes] += means[at];
        }
        let base = self.base.val();
        let constants = TensorData::new(constants, [n_subnodes]);
        let constants = Tensor::<1>::from_data(constants, (&base.device(), base.dtype()));
        let keep: Vec<bool> = self
            .numeric()
            .iter()
            .zip(drop)
            .map(|(numeric, drop)| *numeric && !drop)
            .collect();
        let symbolic = self.symbolic.as_ref().and_then(|symbolic| {
            symbolic.moved(|edge| (!drop[edge.input * n_subnodes + edge.subnode]).then_some(*edge))
        });
        let layer = self.with_numeric(&keep);
        let nodes = match fold {
            Fold::Mean => layer.nodes.with_constants(constants),
            Fold::Zero => layer.nodes,
        };
        let layer = Self {
            nodes,
            symbolic,
            ..layer
        };
        Ok((layer, means))
    }
}

/// Which scores are above a threshold, and the best one anyway; the first NaN otherwise.
fn above(scores: &[f64], threshold: f64) -> core::result::Result<Vec<bool>, usize> {
    if let Some(at) = scores.iter().position(|score| score.is_nan()) {
        return Err(at);
    }
    let mut keep: Vec<bool> = scores.iter().map(|score| *score > threshold).collect();
    let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(b.cmp(a)));
    if let Some(best) = best {
        keep[best] = true;
    }
    Ok(keep)
}

fn kept_nodes(scores: &[f64], layer: usize, (n_nodes, threshold): (usize, f64)) -> Result<Vec<usize>> {
    check_count("scores of nodes", scores.len(), n_nodes)?;
    let keep = above(scores, threshold).map_err(|node| KanError::NanScore { layer, node })?;
    Ok((0..n_nodes).filter(|&node| keep[node]).collect())
}

fn check_count(what: &'static str, got: usize, expected: usize) -> Result<()> {
    if got == expected {
        Ok(())
    } else {
        Err(KanError::Length { what, expected, got })
    }
}
