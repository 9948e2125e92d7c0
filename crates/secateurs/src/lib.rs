#![doc = include_str!("../README.md")]

pub use secateurs_causal as causal;
pub use secateurs_chart as chart;
pub use secateurs_data as data;
pub use secateurs_datasets as datasets;
pub use secateurs_formula as formula;
pub use secateurs_importance as importance;
pub use secateurs_kan as kan;
pub use secateurs_kan_files::{KanFileError, kan_file, pykan};
pub use secateurs_lm::*;
pub use secateurs_models as models;
pub use secateurs_moe as moe;
pub use secateurs_moe_theory as moe_theory;
pub use secateurs_ops as ops;
pub use secateurs_prune as prune;
pub use secateurs_runtime as runtime;
pub use secateurs_sparse as sparse;
pub use secateurs_tensor as tensor;
pub use secateurs_train as train;

/// The names that most programs need.
pub mod prelude {
    pub use crate::importance::{Importance, LayerView, Magnitude, Ria, Taylor, Wanda, prune_module};
    pub use crate::prune::{Alps, BlockPlan, BlockStore, LAdmm, LayerMethod, MaskOnly, SparseGpt, prune_blocks};
    pub use crate::tensor::{
        KeepMask, NmPattern, Observer, PathRules, Pattern, Report, Scope, Sparsity, WeightMatrix, attach_masks,
        fold_masks,
    };
    pub use crate::{Method, Recipe};
}
