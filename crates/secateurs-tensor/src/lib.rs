#![doc = include_str!("../README.md")]

mod error;
mod masks;
mod report;
mod select;
mod statistics;
mod vocabulary;
mod weights;

pub use error::{Result, TensorError};
pub use masks::attach::{KeepReparam, MaskSet, attach_masks, fold_masks};
pub use masks::keep::KeepMask;
pub use report::cost::{Cost, CostChange};
pub use report::run::{Event, LayerReport, Report, requested_sparsity};
pub use report::units::{UnitKind, UnitReport};
pub use select::groups::{keep_in_group, keep_in_groups_into};
pub use select::scores::Scores;
pub use select::threshold::{keep_largest, keep_largest_into};
pub use select::units::{KeptUnits, UnitScores, keep_units};
pub use select::weights::{select, select_global};
pub use statistics::activations::ActivationStats;
pub use statistics::gram::GramAccumulator;
pub use statistics::observer::Observer;
pub use statistics::patches::conv_patches;
pub use vocabulary::bounded::{NonNegative, Positive};
pub use vocabulary::needs::{GradientNeed, InputNeed, Needs};
pub use vocabulary::nm::NmPattern;
pub use vocabulary::pattern::Pattern;
pub use vocabulary::scope::Scope;
pub use vocabulary::sparsity::Sparsity;
pub use weights::find::{FoundWeight, find_weights, weight_paths};
pub use weights::layout::WeightLayout;
pub use weights::matrix::WeightMatrix;
pub use weights::paths::PathRules;
pub use weights::read::read_weights;
pub use weights::replace::replace_weights;
pub use weights::transpose::transpose;
