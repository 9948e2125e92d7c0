//! Data about a layer that a score or a method needs besides its weights.

/// Data that a score or a method needs besides the weights of a layer.
///
/// Whoever runs the model provides it: [`Observer`](crate::Observer) receives inputs, a gradient collector gradients.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::{GradientNeed, InputNeed, Needs};
///
/// let wanda = Needs::INPUT_NORMS;
/// assert!(wanda.inputs < InputNeed::Gram);
/// let wanda_plus_plus = Needs { gradients: GradientNeed::Block, ..wanda };
/// assert!(wanda_plus_plus.requires_calibration());
/// assert!(!Needs::MODEL_GRADIENTS.requires_calibration());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Statistics of the layer's inputs.
    pub inputs: InputNeed,
    /// Gradients of the layer's weights.
    pub gradients: GradientNeed,
}

/// Statistics of a layer's inputs over calibration tokens, from cheap to dear; a dearer one contains the cheaper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum InputNeed {
    /// No statistics.
    #[default]
    None,
    /// The norm `||X_j||` of each input.
    Norms,
    /// The Gram matrix `X^T X`.
    Gram,
}

/// The function whose gradients a score or a method needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GradientNeed {
    /// No gradients.
    #[default]
    None,
    /// The norm of the output of the block that holds the layer: regional gradients, which a driver computes block by block.
    Block,
    /// The loss of the whole dense model, one sample at a time; collected before a driver starts.
    Model,
}

impl Needs {
    /// The weights alone.
    pub const WEIGHTS: Self = Self {
        inputs: InputNeed::None,
        gradients: GradientNeed::None,
    };
    /// Norms of the inputs.
    pub const INPUT_NORMS: Self = Self {
        inputs: InputNeed::Norms,
        ..Self::WEIGHTS
    };
    /// Gram matrices of the inputs.
    pub const GRAM: Self = Self {
        inputs: InputNeed::Gram,
        ..Self::WEIGHTS
    };
    /// Gradients of the model's loss.
    pub const MODEL_GRADIENTS: Self = Self {
        gradients: GradientNeed::Model,
        ..Self::WEIGHTS
    };

    /// Whether calibration data must flow through the blocks of the model.
    pub fn requires_calibration(self) -> bool {
        self.inputs != InputNeed::None || self.gradients == GradientNeed::Block
    }
}
