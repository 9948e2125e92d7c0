//! Errors of this crate.

use burn::tensor::DType;
use secateurs_importance::ImportanceError;
use secateurs_tensor::TensorError;
use secateurs_train::TrainError;

/// The result of a fallible operation of this crate.
pub type Result<T, E = KanError> = core::result::Result<T, E>;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KanError {
    /// A training whose early stopping cannot be set up.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A network without layers or with an empty one.
    #[error("a network needs at least two layers of nodes, and each needs a node; got {widths:?}")]
    EmptyLayer {
        /// Sums and products of each layer.
        widths: Vec<[usize; 2]>,
    },
    /// A number of a configuration outside its range.
    #[error("{what} must be {range}, got {got}")]
    OutOfRange {
        /// The number.
        what: &'static str,
        /// The accepted range.
        range: &'static str,
        /// The value.
        got: f64,
    },
    /// Knots that do not ascend, are not finite, or are too few.
    #[error("the knots of input {input} do not ascend, are not finite, or are too few")]
    BadKnots {
        /// The input.
        input: usize,
    },
    /// A value in the data that is NaN or infinite.
    #[error("{what}: the value in row {row}, column {column} is {value}, expected a finite number")]
    NotFinite {
        /// Name of the data.
        what: &'static str,
        /// Row of the first such value.
        row: usize,
        /// Column of the value.
        column: usize,
        /// The value.
        value: f64,
    },
    /// Data of the wrong size.
    #[error("{what}: expected {expected} values, got {got}")]
    Length {
        /// Name of the data.
        what: &'static str,
        /// The value that fits.
        expected: usize,
        /// The value given.
        got: usize,
    },
    /// Too few rows.
    #[error("{what}: {got} rows are too few, at least {least} are needed")]
    TooFewRows {
        /// Name of the data.
        what: &'static str,
        /// The least number.
        least: usize,
        /// The value given.
        got: usize,
    },
    /// A loss that became NaN or infinite.
    #[error("the loss is {loss} after {step} steps; the learning rate may be too high")]
    LossNotFinite {
        /// Steps that had been taken.
        step: usize,
        /// The loss.
        loss: f64,
    },
    /// A layer, node or edge that the network does not have.
    #[error("there is no {what} {index}, only {count}")]
    NoSuch {
        /// Layer, node or input.
        what: &'static str,
        /// The index asked for.
        index: usize,
        /// The number of them.
        count: usize,
    },
    /// An operation that only splines have.
    #[error("the edges of layer {layer} are no splines and have no grid")]
    NoSplines {
        /// The layer.
        layer: usize,
    },
    /// A least-squares problem without a solution.
    #[error(
        "layer {layer}, input {input}: least squares does not determine the coefficients; use more rows or fewer intervals"
    )]
    Singular {
        /// The layer.
        layer: usize,
        /// The input.
        input: usize,
    },
    /// Scores that contain NaN.
    #[error("layer {layer}, node {node}: the score is NaN")]
    NanScore {
        /// The layer.
        layer: usize,
        /// The node.
        node: usize,
    },
    /// An edge that has no formula.
    #[error(
        "layer {layer}: the edge from input {input} to subnode {subnode} has no formula; replace splines by functions first"
    )]
    NotSymbolic {
        /// The layer.
        layer: usize,
        /// Input at which the edge begins.
        input: usize,
        /// Subnode at which the edge ends.
        subnode: usize,
    },
    /// An exponential that exceeds the precision of the network.
    #[error(
        "layer {layer}: the exponential from input {input} to subnode {subnode} reaches e^{power:.0} on these rows, and the network cuts it off at \
         e^{most:.0}; train it in double precision, or on rows without such values"
    )]
    CutOff {
        /// The layer.
        layer: usize,
        /// Input at which the edge begins.
        input: usize,
        /// Subnode at which the edge ends.
        subnode: usize,
        /// The exponent that it reaches.
        power: f64,
        /// The largest exponent that the network computes.
        most: f64,
    },
    /// An invalid curve or formula.
    #[error(transparent)]
    Formula(#[from] secateurs_formula::FormulaError),
    /// A score of another crate that failed.
    #[error(transparent)]
    Score(ImportanceError),
    /// Scores that cannot be used.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A state of another version.
    #[error("the state has version {got}, this program reads version {expected}")]
    StateVersion {
        /// Version of the state.
        got: u64,
        /// The version that this program reads.
        expected: u64,
    },
    /// A state that lacks a tensor.
    #[error("tensor {name} is missing")]
    MissingTensor {
        /// Name of the tensor.
        name: String,
    },
    /// A state with a tensor too many, or with one twice.
    #[error("tensor {name} belongs to no layer, or occurs twice")]
    UnknownTensor {
        /// Name of the tensor.
        name: String,
    },
    /// A tensor of a state whose shape differs from the configuration's.
    #[error("tensor {name} has shape {got:?}, the configuration implies {expected:?}")]
    TensorShape {
        /// Name of the tensor.
        name: String,
        /// The expected shape.
        expected: Vec<usize>,
        /// The shape found.
        got: Vec<usize>,
    },
    /// A tensor of a state that holds no floats, or floats of another type than the first tensor.
    #[error("tensor {name} holds {got:?}; all tensors must hold floats as the first one, {expected:?}")]
    TensorType {
        /// Name of the tensor.
        name: String,
        /// Element type of the first tensor.
        expected: DType,
        /// Element type of this tensor.
        got: DType,
    },
    /// A number in a tensor of a state that is out of range.
    #[error("tensor {name} holds {value} at index {index}, which is not allowed there")]
    TensorValue {
        /// Name of the tensor.
        name: String,
        /// Flat index of the number.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A curve of a state on an edge that the network lacks.
    #[error("layer {layer}: the network has no edge for the curve from input {input} to subnode {subnode}")]
    CurvePlace {
        /// The layer.
        layer: usize,
        /// Input at which the curve's edge begins.
        input: usize,
        /// Subnode at which the curve's edge ends.
        subnode: usize,
    },
}

impl KanError {
    /// Converts the error of a score of a layer's nodes, with its facts.
    pub(crate) fn of_score(layer: usize, error: ImportanceError) -> Self {
        match error {
            ImportanceError::Tensor(TensorError::NanUnitScore { unit: node }) => Self::NanScore { layer, node },
            ImportanceError::Custom {
                importance,
                path,
                source,
            } => match source.downcast::<Self>() {
                Ok(own) => *own,
                Err(source) => Self::Score(ImportanceError::Custom {
                    importance,
                    path,
                    source,
                }),
            },
            error => Self::Score(error),
        }
    }

    /// Refuses data of the wrong size.
    pub(crate) fn check_length(what: &'static str, expected: usize, got: usize) -> Result<()> {
        if got == expected {
            Ok(())
        } else {
            Err(Self::Length { what, expected, got })
        }
    }
}
