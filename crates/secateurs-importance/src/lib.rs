#![doc = include_str!("../README.md")]

mod error;
mod gradients;
mod layer;
mod module;
mod scores;
mod unit;

pub use error::{ImportanceError, Result};
pub use gradients::collector::GradientCollector;
pub use gradients::stats::GradientStats;
pub use layer::{Importance, LayerView};
pub use module::prune::{ModulePlan, prune_module, prune_module_with, score_module};
pub use module::statistics::ModuleStatistics;
pub use scores::fisher::Fisher;
pub use scores::magnitude::Magnitude;
pub use scores::random::Random;
pub use scores::ria::Ria;
pub use scores::taylor::{Taylor, TaylorGradient};
pub use scores::wanda::Wanda;
pub use scores::wanda_plus_plus::WandaPlusPlus;
pub use unit::UnitImportance;
