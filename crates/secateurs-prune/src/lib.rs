#![doc = include_str!("../README.md")]

mod allocation;
mod alps;
mod block;
mod collect;
mod conjugate;
mod driver;
mod error;
mod factor;
mod finetune;
mod gram;
mod l_admm;
mod mask_only;
mod memo;
mod outliers;
mod owl;
mod penalty;
mod prepare;
mod problem;
mod product;
mod quota;
mod replace;
mod safe;
mod selector;
mod sparsegpt;
mod splitting;
mod train;

pub use allocation::Allocation;
pub use alps::Alps;
pub use block::BlockStore;
pub use driver::{BlockPlan, Progress, layer_reports, prune_blocks};
pub use error::PruneError;
pub use finetune::MaskedFineTune;
pub use gram::Gram;
pub use l_admm::{AdmmSchedule, LAdmm};
pub use mask_only::MaskOnly;
pub use outliers::outlier_fractions;
pub use owl::{outlier_fraction, owl_sparsities};
pub use problem::{Compensate, LayerProblem, Solution, Statistics};
pub use replace::replace_weights;
pub use safe::{Safe, SafePlan};
pub use sparsegpt::SparseGpt;
pub use train::{
    AdamSettings, AdmmSettings, Batch, Constraint, Decay, DualUpdate, Gradients, LearningRate, MomentFormat, Penalty,
    PenaltyScale, ProjectionMetric, Proximal, Residence, Shape, StateBytes, StateFormat, StateSlice, StateSliceMut,
    StepReport, TrainConfig, Trainer, e4m3_from_f32, e4m3_to_f32,
};
