//! Errors of this crate.

use std::error::Error;

use secateurs_tensor::TensorError;

/// The result of a fallible operation of this crate.
pub type Result<T, E = ImportanceError> = core::result::Result<T, E>;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportanceError {
    /// A score that needs calibration got no input norms.
    #[error("{path}: {importance} needs the norms of the layer's inputs; give calibration data")]
    NeedsActivations {
        /// Name of the score.
        importance: String,
        /// Path of the layer.
        path: String,
    },
    /// A score that needs gradients got none.
    #[error("{path}: {importance} needs gradients of this weight; collect them on calibration data")]
    NeedsGradients {
        /// Name of the score.
        importance: String,
        /// Path of the layer.
        path: String,
    },
    /// Input norms that do not fit the layer.
    #[error("{path}: got {got} input norms for {expected} inputs")]
    NormCount {
        /// Path of the layer.
        path: String,
        /// Inputs of the layer.
        expected: usize,
        /// Norms given.
        got: usize,
    },
    /// An input norm that is negative, infinite or NaN.
    #[error("{path}: the norm of input {input} is {value}, expected a finite number from 0 on")]
    BadNorm {
        /// Path of the layer.
        path: String,
        /// Input dimension.
        input: usize,
        /// The norm.
        value: f32,
    },
    /// Gradients that do not fit the layer.
    #[error("{path}: the gradients have dimensions {got:?}, the weights {expected:?}")]
    GradientDims {
        /// Path of the layer.
        path: String,
        /// Dimensions of the weights, `[d_output, d_input]`.
        expected: [usize; 2],
        /// Dimensions of the gradients.
        got: [usize; 2],
    },
    /// A gradient that is NaN or infinite.
    #[error("{path}: the gradient of output {output}, input {input} is {value}, expected a finite number")]
    NonFiniteGradient {
        /// Path of the layer.
        path: String,
        /// Output of the first such gradient.
        output: usize,
        /// Input of the first such gradient.
        input: usize,
        /// The gradient.
        value: f32,
    },
    /// Scores or weights of a layer that cannot be used.
    #[error("{path}: {source}")]
    Layer {
        /// Path of the layer.
        path: String,
        /// Cause.
        #[source]
        source: TensorError,
    },
    /// The path rules select no linear weight of the module.
    #[error("the path rules select no linear weight of the module")]
    NothingSelected,
    /// A score of another crate failed.
    #[error("{path}: {importance} failed: {source}")]
    Custom {
        /// Name of the score.
        importance: String,
        /// Path of the layer.
        path: String,
        /// Cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A mask that the module does not accept.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}
