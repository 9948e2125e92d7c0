//! Families whose blocks may hold mixtures of experts.

use burn::tensor::Tensor;
use secateurs_data::TensorPlan;
use serde_json::Value;

use crate::LanguageModel;
use crate::decoder::LlamaMoe;

/// A tensor of an expert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpertTensor {
    /// Number of the expert in its block.
    pub expert: usize,
    /// The tensor; it names its block.
    pub plan: TensorPlan,
}

/// A family of language models whose blocks may hold a mixture of experts, which jobs observe and make smaller.
pub trait MixtureFamily: LanguageModel {
    /// This shape with `n_experts` experts in the mixture of every block.
    fn with_experts(&self, n_experts: usize) -> Self;

    /// The tensors of all experts.
    fn expert_tensors(&self) -> Vec<ExpertTensor>;

    /// Writes the number of experts of this shape into a `config.json` of the family, and changes nothing else.
    fn write_experts(&self, config: &mut Value);

    /// The mixture of a block, if it has one.
    fn mixture_of(block: &Self::Block) -> Option<&LlamaMoe>;

    /// The mixtures of a model in the order of its blocks, mutable so that they can be replaced.
    fn mixtures_mut(model: &mut Self::Model) -> Vec<&mut LlamaMoe>;

    /// The tokens that reach the mixture of a block with the input `hidden`.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens, d_model] -> [batch * n_tokens, d_model]`
    fn mixture_input(&self, block: &Self::Block, hidden: Tensor<3>, positions: &Self::Positions) -> Tensor<2>;
}
