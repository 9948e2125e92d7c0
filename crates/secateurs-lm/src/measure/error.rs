//! Errors of measures.

use secateurs_runtime::RuntimeError;

use crate::pack::error::PackError;
use crate::run::error::{ModelFileError, from_files};
use crate::text::error::TextError;
use crate::trace::error::TraceError;

/// An error of measuring a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MeasureError {
    /// A loss that is NaN or infinite: the model is broken.
    #[error("the loss of window {window} is {loss}: the model's weights or activations overflow")]
    LossNotFinite {
        /// Index of the window.
        window: usize,
        /// The loss.
        loss: f64,
    },
    /// A measure that is NaN or infinite: the model is broken.
    #[error("the {what} of trace {trace} is {value}: the model's weights or activations overflow")]
    MeasureNotFinite {
        /// Name of the measure.
        what: &'static str,
        /// Index of the trace.
        trace: usize,
        /// Value of the measure.
        value: f64,
    },
    /// Two models that cannot be compared token by token.
    #[error("the models differ in {what}: {first} and {second}")]
    ModelsDiffer {
        /// Property that differs.
        what: &'static str,
        /// Value of the first model.
        first: usize,
        /// Value of the second model.
        second: usize,
    },
    /// An empty set of traces.
    #[error("the traces have no two tokens in any sequence, so nothing can be measured")]
    NoTraces,
    /// A tensor whose shape differs between two models.
    #[error("tensor {name} is {first:?} in one model and {second:?} in the other")]
    ShapesDiffer {
        /// Name of the tensor.
        name: String,
        /// Shape in the first.
        first: Vec<usize>,
        /// Shape in the second.
        second: Vec<usize>,
    },
    /// Two models without a common tensor.
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
    /// An error while running the model.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A model file or an output with a fault.
    #[error(transparent)]
    File(#[from] ModelFileError),
}

from_files!(MeasureError);
