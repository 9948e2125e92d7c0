//! Results of pruning.

use secateurs_tensor::UnitReport;

use crate::layers::network::Kan;

/// A network without some of its units.
#[derive(Debug, Clone)]
pub struct PrunedKan<U> {
    /// The network.
    pub kan: Kan,
    /// Inputs that remain, numbered as before any removal.
    pub inputs: Vec<usize>,
    /// Removed units, layer after layer.
    pub removed: Vec<U>,
    /// One report per pruned layer; clipped where the floor of one unit kept more than requested.
    pub units: Vec<UnitReport>,
}

/// A removed edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemovedEdge {
    /// Layer of the edge.
    pub layer: usize,
    /// Input at which it began, numbered as before any removal.
    pub input: usize,
    /// Subnode at which it ended, numbered as before any removal.
    pub subnode: usize,
    /// Score of the edge.
    pub score: f64,
    /// Mean of the edge over the rows, which was folded or dropped, in scaled numbers.
    pub constant: f64,
}

/// A removed node.
#[derive(Debug, Clone, PartialEq)]
pub struct RemovedNode {
    /// Layer of nodes, 0 for inputs.
    pub layer: usize,
    /// The node, numbered as before any removal.
    pub node: usize,
    /// Score of the node.
    pub score: f64,
    /// Means of the edges that began at it, one for each subnode of the next layer, in scaled numbers.
    pub constants: Vec<f64>,
}
