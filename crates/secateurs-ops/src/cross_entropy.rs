//! Cross entropy of each token.

use burn::tensor::{Int, Tensor};

use crate::fused_or_plain;

/// Negative log-likelihood of each target: `loss_t = log sum_v exp(logits_tv) - logits_t,target`.
///
/// # Shapes
///
/// `logits`: `[n_tokens, vocab]`, `targets`: `[n_tokens]`, each in `0..vocab`; result `[n_tokens]`.
///
/// # Panics
///
/// If the numbers of tokens differ or a target is out of range.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let logits = Tensor::<2>::from_floats([[0.0, 3.0f32.ln()]], &device); // probabilities 1/4 and 3/4
/// let target = Tensor::<1, Int>::from_data([0], &device);
/// let loss: f32 = secateurs_ops::cross_entropy(logits, target).into_scalar();
/// assert!((loss - 4.0f32.ln()).abs() < 1e-6);
/// ```
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    assert_eq!(
        logits.dims()[0],
        targets.dims()[0],
        "cross_entropy: numbers of tokens differ"
    );
    fused_or_plain!(cross_entropy(logits, targets))
}

/// Computes [`cross_entropy`] of `hidden headᵀ` without the matrix of all logits.
///
/// Logits exist one tile of tokens and vocabulary at a time. `head` is laid out as an embedding table, so that a tied
/// embedding can be passed as it is; a `[d_model, vocab]` weight is passed as its transposed view.
///
/// When it trains, up to 64 Mi logits are kept for the backward pass; beyond that it computes them again.
///
/// # Shapes
///
/// `hidden`: `[n_tokens, d_model]`, `head`: `[vocab, d_model]`, `targets`: `[n_tokens]`; result `[n_tokens]`.
///
/// # Panics
///
/// If the shapes do not match or a target is out of range.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Int, Tensor};
///
/// let device = Device::default();
/// let hidden = Tensor::<2>::from_floats([[2.0]], &device);
/// let head = Tensor::<2>::from_floats([[0.0], [0.5 * 3.0f32.ln()]], &device); // logits 0 and ln 3
/// let target = Tensor::<1, Int>::from_data([1], &device);
/// let loss: f32 = secateurs_ops::linear_cross_entropy(hidden, head, target).into_scalar();
/// assert!((loss - (4.0f32 / 3.0).ln()).abs() < 1e-6);
/// ```
pub fn linear_cross_entropy(hidden: Tensor<2>, head: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    assert_eq!(
        hidden.dims()[1],
        head.dims()[1],
        "linear_cross_entropy: d_model of hidden and head differ"
    );
    assert_eq!(
        hidden.dims()[0],
        targets.dims()[0],
        "linear_cross_entropy: numbers of tokens differ"
    );
    fused_or_plain!(linear_cross_entropy(hidden, head, targets))
}
