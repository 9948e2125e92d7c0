#![doc = include_str!("../README.md")]

mod attribution;
mod basis;
mod error;
mod fit;
mod fit_columns;
mod game;
mod grid;
mod layer;
mod minimise;
mod network;
mod nodes;
mod prune;
mod refit;
mod shapley;
mod statistics;

pub use attribution::{Attribution, attributed, attribution};
pub use basis::{BSpline, Basis, BasisConfig, Chebyshev, EdgeBasis, EdgeWeights, GaussianRbf};
pub use error::{KanError, Result};
pub use fit::{FitConfig, GridUpdates, Penalty, Rows, fit, root_mean_square_error};
pub use game::{Baseline, Payoff};
pub use grid::Grid;
pub use layer::{KanLayer, LayerActivations};
pub use minimise::{Keep, Objective, Optimizer, Schedule, StepLog, minimise};
pub use network::{Kan, KanConfig, Wiring};
pub use nodes::{Affine, Nodes, Width};
pub use prune::{Fold, RemovedEdge, RemovedNode, prune_edges, prune_inputs, prune_nodes};
pub use secateurs_ops::Beyond;
pub use shapley::{MOST_EXACT, Sampling, ShapleyConfig, ShapleyScores, Stay, prune_by_shapley, shapley};
pub use statistics::LayerStatistics;
