#![doc = include_str!("../README.md")]

mod collector;
mod error;
mod fisher;
mod gradient;
mod layer;
mod magnitude;
mod module;
mod module_statistics;
mod per_weight;
mod random;
mod ria;
mod taylor;
mod unit;
mod wanda;
mod wanda_plus_plus;

pub use collector::GradientCollector;
pub use error::{ImportanceError, Result};
pub use fisher::Fisher;
pub use gradient::GradientStats;
pub use layer::{Importance, LayerView};
pub use magnitude::Magnitude;
pub use module::{ModulePlan, prune_module, prune_module_with, score_module};
pub use module_statistics::ModuleStatistics;
pub use random::Random;
pub use ria::Ria;
pub use taylor::{Taylor, TaylorGradient};
pub use unit::UnitImportance;
pub use wanda::Wanda;
pub use wanda_plus_plus::WandaPlusPlus;
