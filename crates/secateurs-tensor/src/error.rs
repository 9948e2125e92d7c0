//! Errors of this crate.

/// The result of a fallible operation of this crate.
pub type Result<T, E = TensorError> = core::result::Result<T, E>;

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TensorError {
    /// A sparsity outside `[0, 1)`.
    #[error("sparsity must lie in [0, 1), got {value}")]
    InvalidSparsity {
        /// The refused value.
        value: f64,
    },
    /// A setting outside its range.
    #[error("must be {expected}, got {value}")]
    OutOfRange {
        /// The accepted range.
        expected: &'static str,
        /// The refused value.
        value: f64,
    },
    /// An N:M pattern that keeps nothing, or more than its group holds.
    #[error("an N:M pattern keeps 1 to M of every M inputs, got {keep}:{group}")]
    InvalidNm {
        /// Kept inputs of each group.
        keep: usize,
        /// Inputs in each group.
        group: usize,
    },
    /// A text that is not a sparsity, a pattern or a scope.
    #[error("cannot read {text:?} as {expected}")]
    Unreadable {
        /// The form that is accepted.
        expected: &'static str,
        /// The text as given.
        text: String,
    },
    /// An input dimension that N:M groups do not tile.
    #[error("groups of {group} inputs do not tile the {d_input} inputs of an output; choose a group that divides them")]
    IndivisibleGroup {
        /// Inputs of every output.
        d_input: usize,
        /// Inputs in each group.
        group: usize,
    },
    /// A buffer whose length does not follow from its dimensions.
    #[error("{what}: expected {expected} elements, got {got}")]
    LengthMismatch {
        /// Name of the buffer.
        what: &'static str,
        /// Elements asked for.
        expected: usize,
        /// Elements found.
        got: usize,
    },
    /// Two matrices that should have the same dimensions.
    #[error("{what}: expected [d_output, d_input] = {expected:?}, got {got:?}")]
    DimsMismatch {
        /// Name of the matrix.
        what: &'static str,
        /// Dimensions asked for.
        expected: [usize; 2],
        /// Dimensions found.
        got: [usize; 2],
    },
    /// A convolution kernel that does not fit the matrix.
    #[error("{channels} channels and a {kernel:?} kernel make no {d_input} inputs")]
    KernelMismatch {
        /// Height and width of the kernel.
        kernel: [usize; 2],
        /// Input channels per group.
        channels: usize,
        /// Inputs of the matrix.
        d_input: usize,
    },
    /// A score that cannot be ordered.
    #[error("the score of output {output}, input {input} is NaN")]
    NanScore {
        /// Output of the first NaN.
        output: usize,
        /// Input of the first NaN.
        input: usize,
    },
    /// A score of a unit that cannot be ordered.
    #[error("the score of unit {unit} is NaN")]
    NanUnitScore {
        /// Index of the first such unit.
        unit: usize,
    },
    /// A value that cannot be ordered.
    #[error("value {index} is NaN")]
    NanValue {
        /// Flat index of the first NaN.
        index: usize,
    },
    /// A request to prune more weights than there are.
    #[error("cannot prune {n_pruned} of {n} values")]
    TooManyPruned {
        /// Values given.
        n: usize,
        /// Values to prune.
        n_pruned: usize,
    },
    /// A weight that is NaN or infinite.
    #[error("{path}: the weight of output {output}, input {input} is {value}")]
    NonFiniteWeight {
        /// Path of the parameter.
        path: String,
        /// Output of the first such weight.
        output: usize,
        /// Input of the first such weight.
        input: usize,
        /// The weight.
        value: f32,
    },
    /// A calibration activation that is NaN or infinite.
    #[error("the activation of token {token}, input {input} is {value}")]
    NonFiniteActivation {
        /// Token within the observed call.
        token: usize,
        /// Input dimension.
        input: usize,
        /// The activation.
        value: f32,
    },
    /// Activations of another width than the statistics.
    #[error("activations have {got} inputs, the statistics {expected}")]
    InputMismatch {
        /// Width of the statistics.
        expected: usize,
        /// Width of the activations.
        got: usize,
    },
    /// A group that keeps more than its pattern allows.
    #[error("output {output} keeps {kept} weights of the group at input {input}, and the pattern allows {keep}")]
    NmViolated {
        /// Output of the first such group.
        output: usize,
        /// First input of the group.
        input: usize,
        /// Weights kept in the group.
        kept: usize,
        /// Weights that the pattern allows.
        keep: usize,
    },
    /// A path rule that is not a glob.
    #[error("{glob:?} is not a glob")]
    BadGlob {
        /// The glob as given.
        glob: String,
        /// Cause.
        #[source]
        source: globset::Error,
    },
    /// A path rule that matches no weight matrix which could be pruned.
    #[error("{list} glob {glob:?} matches no layer that could be pruned; there are, for instance, {examples}")]
    UnmatchedGlob {
        /// The list that holds the glob: `include` or `exclude`.
        list: &'static str,
        /// The glob as given.
        glob: String,
        /// Some paths of the model.
        examples: String,
    },
    /// A mask for a parameter that the module lacks.
    #[error("the module has no float parameter {path:?}; the masks belong to another model")]
    UnknownParameter {
        /// Path of the mask.
        path: String,
    },
    /// A mask for a parameter that is neither a linear nor a 2-d convolution weight.
    #[error("{path}: only parameters of rank 2 and 4 can be masked, this one has rank {rank}")]
    UnsupportedRank {
        /// Path of the parameter.
        path: String,
        /// Rank of the parameter.
        rank: usize,
    },
    /// A mask or a matrix of other dimensions than its parameter.
    #[error(
        "{path}: the parameter has dimensions {expected:?}, the mask or matrix {got:?}, both as [d_output, d_input]"
    )]
    ParameterMismatch {
        /// Path of the parameter.
        path: String,
        /// Dimensions of the parameter.
        expected: [usize; 2],
        /// Dimensions of the mask or matrix.
        got: [usize; 2],
    },
    /// A parameter that already carries a mask or an adapter; burn holds one.
    #[error("{path} already carries a mask or an adapter; fold it into the weight first")]
    AlreadyReparameterized {
        /// Path of the parameter.
        path: String,
    },
}
