//! The errors of measures.

use secateurs_runtime::RuntimeError;

use crate::pack::error::PackError;
use crate::run::error::{ModelFileError, from_files};
use crate::text::error::TextError;
use crate::trace::error::TraceError;

/// A model that cannot be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// The loss is not a number: the model is broken.
    #[error("the loss of window {window} is {loss}: the model's weights or activations overflow")]
    LossNotFinite {
        /// Index of the window.
        window: usize,
        /// The loss.
        loss: f64,
    },
    /// A measure is not a number: the model is broken.
    #[error("the {what} of trace {trace} is {value}: the model's weights or activations overflow")]
    MeasureNotFinite {
        /// What was measured.
        what: &'static str,
        /// Index of the trace.
        trace: usize,
        /// Its value.
        value: f64,
    },
    /// Two models cannot be compared token by token.
    #[error("the models differ in {what}: {first} and {second}")]
    ModelsDiffer {
        /// What differs.
        what: &'static str,
        /// In the first.
        first: usize,
        /// In the second.
        second: usize,
    },
    /// There is no trace to measure on.
    #[error("there are no traces of two tokens or more")]
    NoTraces,
    /// A tensor of two models cannot be compared.
    #[error("tensor {name} is {first:?} in one model and {second:?} in the other")]
    ShapesDiffer {
        /// Name of the tensor.
        name: String,
        /// Shape in the first.
        first: Vec<usize>,
        /// Shape in the second.
        second: Vec<usize>,
    },
    /// Two models have nothing to compare.
    #[error("the models have no tensor in common")]
    NothingInCommon,
    /// A text that cannot be used.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Traces that cannot be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A packed matrix that cannot be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Running the model failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or the output.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(MeasureError);
