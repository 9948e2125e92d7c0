//! Everything a caller of this crate can get wrong.

use burn::tensor::DType;
use secateurs_importance::ImportanceError;
use secateurs_tensor::TensorError;
use secateurs_train::TrainError;

/// The result of a fallible operation of this crate.
pub type Result<T, E = KanError> = core::result::Result<T, E>;

/// Every failure of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KanError {
    /// A training that cannot be watched.
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
    #[error("knots of input {input} do not ascend, or are not finite or too few")]
    BadKnots {
        /// The input.
        input: usize,
    },
    /// A value in the data that is NaN or infinite.
    #[error("{what}: row {row}, column {column} is {value}")]
    NotFinite {
        /// Name of the data.
        what: &'static str,
        /// Row of the first such value.
        row: usize,
        /// Its column.
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
        /// The number there is.
        count: usize,
    },
    /// An operation that only splines have.
    #[error("the edges of layer {layer} are no splines and have no grid")]
    NoSplines {
        /// The layer.
        layer: usize,
    },
    /// A least-squares problem without a solution.
    #[error("layer {layer}, input {input}: the coefficients cannot be determined")]
    Singular {
        /// The layer.
        layer: usize,
        /// The input.
        input: usize,
    },
    /// Scores that contain NaN.
    #[error("layer {layer}, node {node}: the score is not a number")]
    NanScore {
        /// The layer.
        layer: usize,
        /// The node.
        node: usize,
    },
    /// An edge that has no formula.
    #[error("layer {layer}: the edge from input {input} to subnode {subnode} is no curve with a formula")]
    NotSymbolic {
        /// The layer.
        layer: usize,
        /// Where the edge comes from.
        input: usize,
        /// Where it leads to.
        subnode: usize,
    },
    /// An exponential that grows beyond what the precision of the network holds.
    #[error(
        "layer {layer}: the exponential from input {input} to subnode {subnode} reaches e^{power:.0} on these rows, and the network cuts it off at \
         e^{most:.0}; train it in double precision, or on rows without such values"
    )]
    CutOff {
        /// The layer.
        layer: usize,
        /// Where the edge comes from.
        input: usize,
        /// Where it leads to.
        subnode: usize,
        /// The exponent that it reaches.
        power: f64,
        /// The largest that the network computes.
        most: f64,
    },
    /// A curve or formula that is not possible.
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
        /// Its version.
        got: u64,
        /// The version that is read.
        expected: u64,
    },
    /// A state without one of its tensors.
    #[error("tensor {name} is missing")]
    MissingTensor {
        /// Its name.
        name: String,
    },
    /// A state with a tensor too many, or one twice.
    #[error("tensor {name} belongs to no layer, or occurs twice")]
    UnknownTensor {
        /// Its name.
        name: String,
    },
    /// A tensor of a state whose shape is another than the configuration says.
    #[error("tensor {name} has shape {got:?}, the configuration says {expected:?}")]
    TensorShape {
        /// Its name.
        name: String,
        /// The shape it should have.
        expected: Vec<usize>,
        /// The shape it has.
        got: Vec<usize>,
    },
    /// A tensor of a state that holds no floats, or others than the first.
    #[error("tensor {name} holds {got:?}; all tensors must hold floats as the first one, {expected:?}")]
    TensorType {
        /// Its name.
        name: String,
        /// Element type of the first tensor.
        expected: DType,
        /// Its element type.
        got: DType,
    },
    /// A number in a tensor of a state that cannot be there.
    #[error("tensor {name} holds {value} at index {index}")]
    TensorValue {
        /// Its name.
        name: String,
        /// Flat index of the number.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A curve of a state where the network has no edge for it.
    #[error("layer {layer}: the curve from input {input} to subnode {subnode} has no edge of its own")]
    CurvePlace {
        /// The layer.
        layer: usize,
        /// Where the curve comes from.
        input: usize,
        /// Where it leads to.
        subnode: usize,
    },
}

impl KanError {
    /// The error of a score of a layer's nodes, with the facts that it has.
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
