//! A language model that claims prune and measure: which one, on which texts, and its pruned models.

mod case;
mod model;
mod sweep;
mod texts;

pub use case::{PruningCase, Tuning};
pub use model::{PrunedModel, PruningKey, count_inexact, measure_perplexity, measure_pruned, name_pattern};
pub use sweep::{Sweep, patterns};
pub use texts::write_full_texts;
