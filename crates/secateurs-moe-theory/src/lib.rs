#![doc = include_str!("../README.md")]

mod activation;
mod block;
mod draws;
mod error;
mod exponential;
mod learning;
mod matrix;
mod mixture;
mod pruning;
mod target;

pub use activation::{hermite3, hermite3_slope, sigmoid};
pub use draws::frame::Draws;
pub use error::{Result, TheoryError};
pub use learning::alignment::{ALIGNED, Alignment, Pair};
pub use learning::course::{Arrival, Course, Record};
pub use learning::fine_tune::{FineTuning, fine_tune};
pub use learning::gradient::{Gradient, gradient};
pub use learning::learn_features::{FeatureLearning, Mode, learn_features};
pub use mixture::Mixture;
pub use pruning::merge::{Merging, merge_and_drop};
pub use pruning::prune::{PruneReport, Pruning, Selection, prune};
pub use target::{Target, loss};
