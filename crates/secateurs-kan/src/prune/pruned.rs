//! Results of pruning.

use secateurs_tensor::UnitReport;

use crate::layers::network::Kan;

/// A network without some of its units.
#[derive(Debug, Clone)]
pub struct PrunedKan<U> {
    /// The network.
    pub kan: Kan,
    /// Inputs that it still takes, counted before anything was removed.
    pub inputs: Vec<usize>,
    /// Units that went, layer after layer.
    pub removed: Vec<U>,
    /// One report per layer that was pruned; clipped where the floor of one unit kept more than was asked for.
    pub units: Vec<UnitReport>,
}

/// An edge that is no more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RemovedEdge {
    /// Layer of the edge.
    pub layer: usize,
    /// Input that it came from, counted before anything was removed.
    pub input: usize,
    /// Subnode that it led to, likewise.
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
