//! Measures of a model: loss, divergence from another one, right answers, and the content of its file.

mod answer;
mod compare;
pub(crate) mod error;
pub(crate) mod evaluate;
mod fidelity;
mod info;

pub use answer::{Accuracy, accuracy, extract_number, reference_numbers};
pub use compare::{Comparison, TensorDifference, compare};
pub use error::MeasureError;
pub use evaluate::{Evaluation, evaluate, evaluate_model, evaluate_on_windows, evaluate_packed};
pub use fidelity::{Fidelity, PartFidelity, fidelity, fidelity_of};
pub use info::{Info, LinearInfo, info};
