//! What can be wrong with a packed matrix.

/// What can be wrong with a packed matrix, or with a product asked of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SparseError {
    /// A buffer does not have the size that the shape implies.
    #[error("{part} has {got} {unit}, the shape implies {expected}")]
    Size {
        /// Which buffer.
        part: &'static str,
        /// What its size is counted in.
        unit: &'static str,
        /// The size implied.
        expected: usize,
        /// The size found.
        got: usize,
    },
    /// A shape whose size does not fit the address space.
    #[error("a matrix of {d_output} x {d_input} does not fit into memory")]
    TooLarge {
        /// Number of outputs.
        d_output: usize,
        /// Number of inputs.
        d_input: usize,
    },
    /// A weight that is not a finite number where only those can be stored.
    #[error("weight {index} is {value}")]
    NotFinite {
        /// Its position, counted along outputs.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// The start of an output's values is not the number of values before it.
    #[error("values of output {output} start at {got}; the masks before it have {expected} ones")]
    Offset {
        /// The output.
        output: usize,
        /// The number of ones before it.
        expected: usize,
        /// The stored start.
        got: i64,
    },
    /// A mask has ones past the last input.
    #[error("the mask of output {output} has ones past its {d_input} inputs")]
    TailBits {
        /// The output.
        output: usize,
        /// Number of inputs.
        d_input: usize,
    },
    /// Not exactly `keep` ones in a group.
    #[error("group {group} of output {output} has {got} ones in its mask, expected {keep}")]
    Group {
        /// The output.
        output: usize,
        /// Which of its groups.
        group: usize,
        /// The number expected.
        keep: usize,
        /// The number found.
        got: usize,
    },
    /// More than `keep` weights of a group are not zero, so the pattern cannot hold them.
    #[error(
        "group {group} of output {output} has {got} weights that are not zero, the pattern {keep}:{width} holds {keep}"
    )]
    Crowded {
        /// The output.
        output: usize,
        /// Which of its groups.
        group: usize,
        /// Weights that a group can hold.
        keep: usize,
        /// Inputs in a group.
        width: usize,
        /// The number of non-zero weights found.
        got: usize,
    },
    /// Groups do not tile the inputs.
    #[error("{d_input} inputs cannot be divided into groups of {group}")]
    Indivisible {
        /// Number of inputs.
        d_input: usize,
        /// Inputs in a group.
        group: usize,
    },
    /// A group that the kernels cannot take.
    #[error("{what} {got} is not supported: {expected}")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
        /// Its value.
        got: usize,
        /// What is supported.
        expected: &'static str,
    },
    /// An index of an input that does not exist, or that does not follow the one before it.
    #[error("index {index} of output {output} is out of order or not below {d_input}")]
    Index {
        /// The output.
        output: usize,
        /// The stored index.
        index: usize,
        /// Number of inputs.
        d_input: usize,
    },
    /// These values cannot be stored in this format.
    #[error("{format} matrices cannot hold {value_type} values")]
    Combination {
        /// The format.
        format: &'static str,
        /// The value type.
        value_type: String,
    },
    /// A tensor that the others need is not there.
    #[error("tensor {part:?} is missing")]
    Missing {
        /// The suffix of its name.
        part: &'static str,
    },
    /// A tensor with another element type or shape than its place asks for.
    #[error("tensor {part:?} is {dtype} {shape:?}, expected {expected}")]
    Tensor {
        /// The suffix of its name.
        part: &'static str,
        /// What is expected.
        expected: &'static str,
        /// Its element type.
        dtype: String,
        /// Its shape.
        shape: Vec<usize>,
    },
}
