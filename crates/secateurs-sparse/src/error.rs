//! Errors of this crate.

/// An error of a packed matrix, or of a product with it, with the facts needed to mend it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SparseError {
    /// A buffer whose size differs from the one that the shape implies.
    #[error("{part} has {got} {unit}, the shape implies {expected}")]
    Size {
        /// Name of the buffer.
        part: &'static str,
        /// Unit of the sizes.
        unit: &'static str,
        /// The implied size.
        expected: usize,
        /// The size found.
        got: usize,
    },
    /// A shape whose size exceeds the address space.
    #[error("a matrix of {d_output} x {d_input} does not fit into memory")]
    TooLarge {
        /// Number of outputs.
        d_output: usize,
        /// Number of inputs.
        d_input: usize,
    },
    /// A weight that is not finite, in a type that stores finite numbers only.
    #[error("weight {index} is {value}; this value type stores finite numbers only")]
    NotFinite {
        /// Index of the weight, counted along outputs.
        index: usize,
        /// The weight.
        value: f32,
    },
    /// The start of an output's values that differs from the number of values before it.
    #[error("values of output {output} start at {got}; the masks before it have {expected} ones")]
    Offset {
        /// Index of the output.
        output: usize,
        /// The number of ones before it.
        expected: usize,
        /// The stored start.
        got: i64,
    },
    /// A mask with ones past the last input.
    #[error("the mask of output {output} has ones past its {d_input} inputs")]
    TailBits {
        /// Index of the output.
        output: usize,
        /// Number of inputs.
        d_input: usize,
    },
    /// A group without exactly `keep` ones.
    #[error("the mask of output {output} has {got} ones in group {group}, expected {keep}")]
    Group {
        /// Index of the output.
        output: usize,
        /// Index of the group in the output.
        group: usize,
        /// The expected number.
        keep: usize,
        /// The number found.
        got: usize,
    },
    /// A group with more than `keep` non-zero weights, which the pattern cannot hold.
    #[error("group {group} of output {output} has {got} non-zero weights, and the pattern {keep}:{width} holds {keep}")]
    Crowded {
        /// Index of the output.
        output: usize,
        /// Index of the group in the output.
        group: usize,
        /// Weights that a group can hold.
        keep: usize,
        /// Inputs in a group.
        width: usize,
        /// The number of non-zero weights found.
        got: usize,
    },
    /// Groups that do not tile the inputs.
    #[error("{d_input} inputs cannot be divided into groups of {group}")]
    Indivisible {
        /// Number of inputs.
        d_input: usize,
        /// Inputs in a group.
        group: usize,
    },
    /// A group that the kernels do not support.
    #[error("{what} {got} is not supported: {expected}")]
    Unsupported {
        /// Name of the setting.
        what: &'static str,
        /// Value of the setting.
        got: usize,
        /// The supported values.
        expected: &'static str,
    },
    /// An index of an input that does not exist, or that does not follow the one before it.
    #[error("output {output} has index {index}, which is out of order or not below its {d_input} inputs")]
    Index {
        /// Index of the output.
        output: usize,
        /// The stored index.
        index: usize,
        /// Number of inputs.
        d_input: usize,
    },
    /// A value type that the format cannot store.
    #[error("{format} matrices cannot hold {value_type} values")]
    Combination {
        /// The format.
        format: &'static str,
        /// The value type.
        value_type: String,
    },
    /// A missing tensor that the others need.
    #[error("tensor {part:?} is missing")]
    Missing {
        /// Suffix of the tensor's name.
        part: &'static str,
    },
    /// A tensor with an unexpected element type or shape.
    #[error("tensor {part:?} is {dtype} {shape:?}, expected {expected}")]
    Tensor {
        /// Suffix of the tensor's name.
        part: &'static str,
        /// The expected element type and shape.
        expected: &'static str,
        /// Element type found.
        dtype: String,
        /// Shape found.
        shape: Vec<usize>,
    },
}
