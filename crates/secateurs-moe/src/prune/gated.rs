//! Inputs of experts multiplied by their gates, for scores of weights inside experts.

use burn::tensor::Tensor;

use crate::routing::TokenRouting;

/// The inputs of an expert, each multiplied by its gate, `[n_routed, d_model]`; nothing if it had no token.
///
/// Their norms over tokens make Wanda's score of the expert's weights the one of MoE-Pruner:
/// `|W_ij| * ||X_j . gate||_2`. Show them to `secateurs_tensor::ActivationStats`, and give its norms to
/// `secateurs_importance::Wanda`.
///
/// # Shapes
///
/// `inputs`: `[n_routed, d_input]`, those of the expert's tokens in the order of the routing.
///
/// # References
///
/// Xie et al., MoE-Pruner, arXiv 2410.12013, equation 5.
pub fn gated_inputs(inputs: Tensor<2>, routing: &TokenRouting, expert: usize) -> Option<Tensor<2>> {
    Some(inputs * routing.gates_of(expert)?)
}
