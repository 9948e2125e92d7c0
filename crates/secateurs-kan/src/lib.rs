#![doc = include_str!("../README.md")]

mod error;
mod layers;
mod picture;
mod prune;
mod scaling;
mod scores;
mod state;
mod symbolic;
mod training;
mod walk;

pub use error::{KanError, Result};
pub use layers::basis::{BSpline, Basis, BasisConfig, Chebyshev, EdgeBasis, EdgeWeights, GaussianRbf};
pub use layers::grid::Grid;
pub use layers::layer::{Covariance, KanLayer, LayerActivations};
pub use layers::network::{Kan, KanConfig, Wiring};
pub use layers::nodes::{Affine, Nodes, Width};
pub use picture::{EdgeIndex, PictureConfig, picture};
pub use prune::{
    Fold, PruneConfig, PrunedKan, RemovedEdge, RemovedNode, Stay, prune_edges, prune_inputs, prune_nodes,
    prune_nodes_by,
};
pub use scaling::scale::Scale;
pub use scaling::scales::Scales;
pub use scores::attribution::{Attribution, EdgeAttribution, NodeAttribution, attributed, attribution};
pub use scores::magnitude::NodeMagnitude;
pub use scores::observed::ObservedLayer;
pub use scores::shapley::{Baseline, MOST_EXACT, Payoff, Sampling, ShapleyConfig, ShapleyScores, shapley};
pub use scores::statistics::LayerStatistics;
pub use secateurs_formula as formula;
pub use secateurs_ops::Beyond;
pub use state::{KanState, LayerConfig, STATE_VERSION, Side, StateConfig};
pub use symbolic::edges::{SymbolicEdge, SymbolicEdges};
pub use symbolic::symbolise::{SymbolicConfig, SymbolicFit, symbolise};
pub use training::{
    FitConfig, GridUpdates, Keep, Objective, Optimizer, Penalty, Rows, Schedule, StepLog, fit, minimise,
    root_mean_square_error,
};
pub use walk::{
    Attempt, Budget, FormulaSearch, FoundFormulas, Regression, Stage, StageResults, Task, Tried, find_formulas,
    try_settings,
};
