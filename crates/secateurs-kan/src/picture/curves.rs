//! The functions on edges over the values that reach them.

use burn::tensor::{Tensor, TensorData};
use secateurs_tensor::UnitScores;

use super::config::EdgeIndex;
use crate::Result;
use crate::layers::network::Kan;

/// Points of a curve.
const N_POINTS: usize = 65;

/// An edge and its importance.
#[derive(Clone, Copy)]
pub(super) struct ScoredEdge {
    edge: EdgeIndex,
    score: f64,
}

/// Edges that are drawn, and how many exist.
pub(super) struct Choice {
    /// Edges of each layer, by input and then by subnode.
    pub(super) edges: Vec<Vec<ScoredEdge>>,
    pub(super) n_present: usize,
}

/// The function of one edge.
pub(super) struct Curve {
    pub(super) edge: EdgeIndex,
    pub(super) score: f64,
    /// Values at equal distances over the range of the input.
    pub(super) values: Vec<f64>,
}

/// Activations of a network, as far as they are drawn.
pub(super) struct Flow {
    /// Curves of each layer.
    pub(super) curves: Vec<Vec<Curve>>,
    /// Least and greatest value of the inputs, then of the nodes of each layer.
    pub(super) ranges: Vec<Vec<[f64; 2]>>,
    pub(super) n_present: usize,
}

impl Flow {
    /// Edges that are left out.
    pub(super) fn n_hidden(&self) -> usize {
        self.n_present - self.curves.iter().map(Vec::len).sum::<usize>()
    }
}

/// The present edges with the highest scores; earlier ones if scores are equal.
pub(super) fn choose(kan: &Kan, scores: &[UnitScores], max_edges: usize) -> Choice {
    let mut all: Vec<ScoredEdge> = Vec::new();
    for (number, layer) in kan.layers.iter().enumerate() {
        let n_subnodes = layer.width().n_subnodes();
        let present = layer.present();
        all.extend((0..present.len()).filter(|&at| present[at]).map(|at| {
            let edge = EdgeIndex {
                layer: number,
                input: at / n_subnodes,
                subnode: at % n_subnodes,
            };
            ScoredEdge {
                edge,
                score: scores[number].values()[at],
            }
        }));
    }
    let n_present = all.len();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    all.truncate(max_edges);
    all.sort_by_key(|scored| scored.edge);
    let of_layer = |number| {
        all.iter()
            .filter(|scored| scored.edge.layer == number)
            .copied()
            .collect()
    };
    Choice {
        edges: (0..kan.layers.len()).map(of_layer).collect(),
        n_present,
    }
}

/// Sends rows through a network and evaluates the chosen edges over the ranges of their inputs.
pub(super) fn flow(kan: &Kan, x: Tensor<2>, choice: &Choice) -> Result<Flow> {
    let mut ranges = vec![extent(&x)];
    let mut curves = Vec::new();
    let dtype = x.dtype();
    let mut nodes = kan.scaled(x);
    for (number, layer) in kan.layers.iter().enumerate() {
        curves.push(evaluate(kan, &ranges[number], number, &choice.edges[number]));
        nodes = layer.forward(nodes);
        ranges.push(match number + 1 {
            last if last == kan.layers.len() => extent(&kan.unscaled(nodes.clone(), dtype)),
            _ => extent(&nodes),
        });
    }
    Ok(Flow {
        curves,
        ranges,
        n_present: choice.n_present,
    })
}

/// Least and greatest value of each column.
fn extent(x: &Tensor<2>) -> Vec<[f64; 2]> {
    let low = x.clone().min_dim(0).into_data();
    let high = x.clone().max_dim(0).into_data();
    low.iter().zip(high.iter()).map(|(low, high)| [low, high]).collect()
}

/// The chosen edges of a layer; additions to outputs are in the units of the outputs.
fn evaluate(kan: &Kan, ranges: &[[f64; 2]], number: usize, edges: &[ScoredEdge]) -> Vec<Curve> {
    if edges.is_empty() {
        return Vec::new();
    }
    let points = grid_points(kan, ranges, number);
    let layer = &kan.layers[number];
    let values = layer.activations(points).edges; // [d_input, points, n_subnodes]
    let n_subnodes = values.dims()[2];
    let values: Vec<f64> = values.into_data().iter().collect();
    let draw = |&ScoredEdge { edge, score }: &ScoredEdge| {
        let is_last = number + 1 == kan.layers.len();
        // The sum of an output passes on what edges add; the factors of a product have no unit.
        let size = match edge.subnode < layer.width().sums && is_last {
            true => kan.scales().output(edge.subnode).size(),
            false => 1.0,
        };
        let value = |point| size * values[(edge.input * N_POINTS + point) * n_subnodes + edge.subnode];
        Curve {
            edge,
            score,
            values: (0..N_POINTS).map(value).collect(),
        }
    };
    edges.iter().map(draw).collect()
}

/// Inputs of a layer, `[N_POINTS, d_input]`, each at equal distances over its range.
fn grid_points(kan: &Kan, ranges: &[[f64; 2]], number: usize) -> Tensor<2> {
    let at = |point: usize| {
        let share = point as f64 / (N_POINTS - 1) as f64;
        ranges.iter().map(move |[low, high]| low + share * (high - low))
    };
    let points: Vec<f64> = (0..N_POINTS).flat_map(at).collect();
    let points = match number {
        0 => kan.scaled_inputs(&points),
        _ => points,
    };
    let (device, dtype) = kan.place();
    let points = TensorData::new(points, [N_POINTS, ranges.len()]);
    Tensor::from_data(points, (&device, dtype))
}
