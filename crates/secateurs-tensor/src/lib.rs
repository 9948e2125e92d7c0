#![doc = include_str!("../README.md")]

mod attach;
mod cut;
mod error;
mod gram;
mod key;
mod mask;
mod module;
mod observer;
mod paths;
mod pattern;
mod report;
mod scope;
mod scores;
mod select;
mod sparsity;
mod stats;
mod threshold;
mod transpose;
mod weight;

pub use attach::{KeepReparam, MaskSet, attach_masks, fold_masks};
pub use error::{Result, TensorError};
pub use gram::GramAccumulator;
pub use mask::KeepMask;
pub use module::{linear_paths, read_weights};
pub use observer::Observer;
pub use paths::PathRules;
pub use pattern::{NmPattern, Pattern};
pub use report::{Event, LayerReport, Report, requested_sparsity};
pub use scope::Scope;
pub use scores::Scores;
pub use select::{select, select_global};
pub use sparsity::Sparsity;
pub use stats::ActivationStats;
pub use threshold::{keep_largest, keep_largest_into};
pub use transpose::transpose;
pub use weight::WeightMatrix;
