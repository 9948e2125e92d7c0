//! A language model that claims prune and measure: which one, on which texts, and its pruned models.

mod case;
mod model;
mod study;
mod sweep;
mod texts;

pub use case::{PruningCase, Tuning};
pub use model::{PrunedModel, PruningKey, measure_pruned, name_pattern};
pub use study::PruningStudy;
pub use sweep::{Sweep, patterns};
pub use texts::write_full_texts;
