//! Errors of this crate.

use std::error::Error;

use secateurs_importance::ImportanceError;
use secateurs_tensor::TensorError;
use secateurs_train::TrainError;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PruneError {
    /// A matrix, mask or pattern that cannot be used.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A score that cannot be computed.
    #[error(transparent)]
    Importance(#[from] ImportanceError),
    /// A layer that the pattern does not fit, or whose solution is not a number.
    #[error("{path}: {source}")]
    Layer {
        /// Path of the layer.
        path: String,
        /// Cause.
        #[source]
        source: TensorError,
    },
    /// A method that needs a Gram matrix got none.
    #[error("{path}: {method} needs the Gram matrix of the layer's inputs; give calibration data")]
    NeedsGram {
        /// Path of the layer.
        path: String,
        /// Name of the method.
        method: String,
    },
    /// A Gram matrix of another width than the layer.
    #[error("{path}: the Gram matrix has {got} inputs, the layer {expected}")]
    GramMismatch {
        /// Path of the layer.
        path: String,
        /// Inputs of the layer.
        expected: usize,
        /// Inputs of the Gram matrix.
        got: usize,
    },
    /// A Gram matrix with an entry that is NaN or infinite.
    #[error("{path}: entry [{row}, {column}] of the Gram matrix is {value}")]
    NonFiniteGram {
        /// Path of the layer.
        path: String,
        /// First index of the entry.
        row: usize,
        /// Second index of the entry.
        column: usize,
        /// The entry.
        value: f64,
    },
    /// Values that do not fill a square matrix.
    #[error("a Gram matrix of {d_input} inputs has {expected} entries, got {got}")]
    GramLength {
        /// Number of inputs.
        d_input: usize,
        /// Entries asked for.
        expected: usize,
        /// Entries found.
        got: usize,
    },
    /// A matrix that is not its transpose.
    #[error("the Gram matrix is not symmetric at [{row}, {column}]: {value} and {mirrored}")]
    NotSymmetric {
        /// First index.
        row: usize,
        /// Second index.
        column: usize,
        /// The entry there.
        value: f64,
        /// The entry on the other side of the diagonal.
        mirrored: f64,
    },
    /// A setting of a method outside its range.
    #[error("{method}: {setting} must be {expected}, got {value}")]
    BadSetting {
        /// Name of the method.
        method: &'static str,
        /// The setting.
        setting: &'static str,
        /// The accepted range.
        expected: &'static str,
        /// The value as given.
        value: f64,
    },
    /// Calibration inputs of a layer that cannot be used.
    #[error("{path}: {source}")]
    Statistics {
        /// Path of the layer.
        path: String,
        /// Cause.
        #[source]
        source: TensorError,
    },
    /// A layer that should be pruned but whose inputs the model never showed.
    #[error(
        "{path}: the model showed no inputs of this layer to the observer; an expert has none if no calibration token \
         chose it, which more text changes"
    )]
    NotObserved {
        /// Path of the layer.
        path: String,
    },
    /// A layer without the gradients that its method needs.
    #[error(
        "{path}: {method} needs gradients of this weight, and no calibration sample reached it; more data may, or exclude it"
    )]
    NoGradients {
        /// Path of the layer.
        path: String,
        /// Name of the method.
        method: String,
    },
    /// A number of patterns that differs from the number of blocks.
    #[error("got {got} patterns for the {expected} blocks of the model; give one per block")]
    PatternCount {
        /// Blocks of the model.
        expected: usize,
        /// Patterns given.
        got: usize,
    },
    /// An empty calibration set.
    #[error("the calibration data are empty; give at least one batch")]
    NoCalibration,
    /// A block that could not be read or written.
    #[error("a block of the model cannot be read or written")]
    Store(#[source] Box<dyn Error + Send + Sync>),
    /// An allocation whose number of entries differs from the number of blocks.
    #[error("the allocation has {got} sparsities for the {expected} blocks of the model; give one per block")]
    AllocationCount {
        /// Blocks of the model.
        expected: usize,
        /// Entries given.
        got: usize,
    },
    /// An allocation that varies sparsity, over a pattern that fixes it.
    #[error("{pattern} has the same sparsity in every block; use an unstructured pattern with an allocation")]
    FixedPattern {
        /// The pattern.
        pattern: String,
    },
    /// Rules that select no weight matrix.
    #[error("the rules select no weight matrix of the module")]
    NothingToPrune,
    /// A training that failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A fraction of outliers outside `[0, 1]`.
    #[error("the outlier fraction of block {block} is {value}, expected 0 to 1")]
    BadOutlierFraction {
        /// Index of the block.
        block: usize,
        /// The fraction.
        value: f64,
    },
}

impl PruneError {
    /// Wraps the error of a block store.
    pub fn store(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Store(Box::new(source))
    }

    /// Adds the path of a layer to the error of a matrix operation.
    pub(crate) fn at(path: &str) -> impl Fn(TensorError) -> Self + '_ {
        move |source| Self::Layer {
            path: path.to_owned(),
            source,
        }
    }
}
