//! Removes edges, nodes and inputs, and keeps their mean contributions.

mod config;
mod edges;
mod fold;
mod nodes;
mod pruned;

pub use config::{Fold, PruneConfig, Stay};
pub use edges::prune_edges;
pub use nodes::{prune_inputs, prune_nodes, prune_nodes_by};
pub use pruned::{PrunedKan, RemovedEdge, RemovedNode};
