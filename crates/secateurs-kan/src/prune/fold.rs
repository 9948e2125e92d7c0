//! Removes edges of a layer; their means may be added to the biases.

use burn::tensor::{Tensor, TensorData};

use crate::layers::layer::KanLayer;
use crate::prune::config::Fold;
use crate::symbolic::edges::SymbolicEdges;

impl KanLayer {
    /// Whether each edge of a layer exists, as a combination of basis functions or a curve: `[d_input, n_subnodes]`.
    pub fn present(&self) -> Vec<bool> {
        let mut present = self.numeric();
        let n_subnodes = self.width().n_subnodes();
        for edge in self.symbolic.iter().flat_map(SymbolicEdges::edges) {
            present[edge.input * n_subnodes + edge.subnode] = true;
        }
        present
    }

    /// Removes some edges, and folds or drops their means.
    pub(crate) fn without_edges(self, drop: &[bool], means: &[f64], fold: Fold) -> Self {
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
        Self {
            nodes,
            symbolic,
            ..layer
        }
    }
}
