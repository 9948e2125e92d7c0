//! The errors of this crate.

use std::path::PathBuf;

use secateurs_data::llama::ConfigError;
use secateurs_data::{DataError, OutputError};
use secateurs_models::ModelError;
use secateurs_moe::MoeError;
use secateurs_prune::PruneError;
use secateurs_runtime::RuntimeError;
use secateurs_sparse::SparseError;
use secateurs_tensor::TensorError;
use secateurs_train::TrainError;

use crate::text::lines::LineError;
use crate::trace::calibration::CalibrationError;

/// What can go wrong in a job.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no method of that name.
    #[error("there is no method \"{name}\"; the methods are: {known}")]
    UnknownMethod {
        /// The name given.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// An option is given that the method does not use.
    #[error("{method} does not use {option}; {users} do")]
    UnusedOption {
        /// The option, as recipes spell it.
        option: &'static str,
        /// The method.
        method: crate::Method,
        /// Names of the methods that use it.
        users: String,
    },
    /// A recipe names no method.
    #[error("a recipe needs a method")]
    NoMethod,
    /// A recipe is not valid TOML, or has unknown or missing fields.
    #[error("the recipe is not usable")]
    RecipeSyntax(#[source] Box<toml::de::Error>),
    /// A recipe could not be written as TOML.
    #[error("the recipe cannot be written as TOML")]
    RecipeWrite(#[source] Box<toml::ser::Error>),
    /// A recipe asks for both or neither of a sparsity and a pattern.
    #[error("give exactly one of sparsity and pattern")]
    PatternChoice,
    /// The method needs a calibration text.
    #[error("{method} needs a calibration text")]
    NoCalibration {
        /// The method.
        method: crate::Method,
    },
    /// The method needs a text to learn from.
    #[error("{method} needs a training text")]
    NoTrainingText {
        /// The method.
        method: crate::Method,
    },
    /// The training texts have too few windows.
    #[error(
        "the training texts have {got} windows of {window} tokens; with {passes} pass(es) over them, {} of the {needed} needed are missing",
        needed.saturating_sub(got.saturating_mul(*passes))
    )]
    TooLittleText {
        /// Windows that there are.
        got: usize,
        /// Windows that training takes.
        needed: usize,
        /// Tokens in a window.
        window: usize,
        /// Times that a window may be used.
        passes: usize,
    },
    /// Training that left the finite numbers after a checkpoint.
    #[error(
        "training failed; the state after {steps_done} steps is kept in {}, from where --resume repeats what failed",
        path.display()
    )]
    TrainingStopped {
        /// Steps done in the kept state.
        steps_done: usize,
        /// The staging folder.
        path: PathBuf,
        /// What happened.
        source: Box<TrainError>,
    },
    /// Weights of all layers are to compete in a method that sees one layer or block at a time.
    #[error(
        "{method} sees one layer at a time, so that weights of all layers cannot compete; elsa and elsa-l can do that"
    )]
    NoGlobalScope {
        /// The method.
        method: crate::Method,
    },
    /// Sparsity spread over blocks by a method that trains the whole model.
    #[error("{method} decides itself how sparsity is spread; use --scope, not an allocation, which {users} use")]
    NoAllocation {
        /// The method.
        method: crate::Method,
        /// Names of the methods that use an allocation.
        users: String,
    },
    /// A calibration that makes no sense.
    #[error(transparent)]
    Calibration(#[from] CalibrationError),
    /// A text has too few tokens.
    #[error("{what} has {got} tokens, {count} windows of {window} need {}", count * window)]
    TextTooShort {
        /// Which text.
        what: &'static str,
        /// Tokens it has.
        got: usize,
        /// Windows asked for.
        count: usize,
        /// Tokens in a window.
        window: usize,
    },
    /// Windows of no or one token, or none of them.
    #[error("{count} windows of {window} tokens: at least one window of two tokens is needed")]
    WindowSize {
        /// Windows asked for.
        count: usize,
        /// Tokens in a window.
        window: usize,
    },
    /// A window is longer than the model was made for.
    #[error("windows of {window} tokens are longer than the {max_positions} positions of the model")]
    WindowTooLong {
        /// Tokens in a window.
        window: usize,
        /// Positions of the model.
        max_positions: usize,
    },
    /// Traces have too few tokens.
    #[error("the traces in {} have {got} tokens, calibration needs {wanted}", path.display())]
    TooFewTraceTokens {
        /// The file.
        path: PathBuf,
        /// Tokens of the parts that calibrate.
        got: usize,
        /// Tokens asked for.
        wanted: usize,
    },
    /// Traces where a text is expected.
    #[error("{} holds traces, and a text is expected", path.display())]
    TracesAsText {
        /// The file.
        path: PathBuf,
    },
    /// JSON where a text is expected.
    #[error("{} holds a JSON object on every line, and a text is expected: write its texts to a file first", path.display())]
    JsonLinesAsText {
        /// The file.
        path: PathBuf,
    },
    /// Something else where prompts are expected.
    #[error("{} is no file of prompts: it holds {what}", path.display())]
    NotPrompts {
        /// The file.
        path: PathBuf,
        /// What it holds.
        what: &'static str,
    },
    /// A file holds something else than traces.
    #[error("{} is no file of traces", path.display())]
    NotTraces {
        /// The file.
        path: PathBuf,
    },
    /// Traces of another version of the format.
    #[error("{} holds traces of {}, this program reads version {expected}", path.display(), got.map_or("no version".into(), |got| format!("version {got}")))]
    TraceVersion {
        /// The file.
        path: PathBuf,
        /// Its version, if it is a number.
        got: Option<u64>,
        /// The version that is read.
        expected: u64,
    },
    /// There is no trace to measure on.
    #[error("there are no traces of two tokens or more")]
    NoTraces,
    /// A line of a file of prompts or traces cannot be used.
    #[error(transparent)]
    Line(#[from] LineError),
    /// A file has no prompt left.
    #[error("{} has {n_prompts} prompts, and {skip} are to be skipped", path.display())]
    NoPrompts {
        /// The file.
        path: PathBuf,
        /// Prompts in it.
        n_prompts: usize,
        /// Prompts to skip.
        skip: usize,
    },
    /// Too many sequences at a time, or none.
    #[error("a batch of {got}: from 1 to {max} sequences are sampled together")]
    Batch {
        /// Sequences asked for.
        got: usize,
        /// Most sequences.
        max: usize,
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
    /// A value could not be written as JSON.
    #[error("the report cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The loss is not a number: the model is broken.
    #[error("the loss of window {window} is {loss}: the model's weights or activations overflow")]
    LossNotFinite {
        /// Index of the window.
        window: usize,
        /// The loss.
        loss: f64,
    },
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
    /// A packed model is to be pruned.
    #[error("{} is packed; unpack it with `secateurs pack --format dense`", path.display())]
    IsPacked {
        /// The model.
        path: PathBuf,
    },
    /// A matrix cannot be packed as asked.
    #[error("{name} cannot be packed")]
    Pack {
        /// Name of the matrix.
        name: String,
        /// Why not.
        source: SparseError,
    },
    /// A packed model is to be laid out for compressed-tensors in a form that it never read.
    #[error(
        "compressed-tensors (up to 0.14.0.1) reads bitmaps of floats only: pack as bitmaps with f32, f16 or bf16 values"
    )]
    NotSparseBitmask,
    /// The configuration is not that of a Llama.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Running the model failed.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Reading or writing a model file failed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model has no experts.
    #[error("this model is no mixture of experts; `secateurs prune` removes weights of dense models")]
    NoExperts,
    /// The method leaves what no model file can hold.
    #[error("{method} puts constants in the place of experts, which no model file can hold; it works in memory only")]
    NoConstantExperts {
        /// The method.
        method: crate::ExpertMethod,
    },
    /// Experts could not be routed or removed.
    #[error(transparent)]
    Moe(#[from] MoeError),
    /// Pruning failed.
    #[error(transparent)]
    Prune(#[from] PruneError),
    /// A training that failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A sparsity, pattern or rule is not valid.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

impl Error {
    /// Whether the same run may succeed when it is repeated: the system refused something, such as space on a full disk.
    /// Any other error would be met again.
    pub fn may_pass(&self) -> bool {
        if let Self::Data(
            DataError::OutputExists { .. }
            | DataError::Output(OutputError::Exists { .. } | OutputError::NotReplaceable { .. }),
        )
        | Self::TrainingStopped { .. } = self
        {
            return true;
        }
        let causes = std::iter::successors(std::error::Error::source(self), |cause| cause.source());
        causes.into_iter().any(|cause| cause.is::<std::io::Error>())
    }
}
