//! Losses that keep experts in use and logits small.

use burn::tensor::Tensor;

use crate::router::wide;
use crate::routing::TokenRouting;

/// The load-balancing loss `E / k * sum_e mean_t(p_te) * mean_t(chosen_te)`: 1 for an even router, up to `E / k` for
/// one that always chooses the same experts.
///
/// The gradient passes the probabilities; the choice of experts is a constant. `k` is the mean number of choices per
/// token. Computed in at least single precision; the result has the precision of the gates.
///
/// # References
///
/// Fedus et al., Switch Transformers, arXiv 2101.03961, equation 4, and DeepSpeed's form for `k > 1`.
pub fn load_balancing_loss(routing: &TokenRouting) -> Tensor<1> {
    let [n_tokens, n_experts] = routing.probabilities.dims();
    let total: usize = routing.chosen.iter().sum();
    let shares: Vec<f32> = routing.chosen.iter().map(|&n| n as f32 / n_tokens as f32).collect();
    let device = routing.probabilities.device();
    let probabilities = wide(routing.probabilities.clone());
    let shares = Tensor::<1>::from_floats(shares.as_slice(), &device).cast(probabilities.dtype());
    let mean = probabilities.mean_dim(0).reshape([n_experts]);
    let k = total.max(1) as f64 / n_tokens as f64;
    ((mean * shares).sum() * (n_experts as f64 / k)).cast(routing.gates.dtype())
}

/// The z-loss `mean_t (ln sum_e exp z_te)^2`, which keeps logits small.
///
/// In at least single precision: the square of 256 is already beyond what half precision holds.
///
/// # Shapes
///
/// `logits`: `[n_tokens, n_experts]`.
///
/// # References
///
/// Zoph et al., ST-MoE, arXiv 2202.08906, equation 5.
pub fn z_loss(logits: Tensor<2>) -> Tensor<1> {
    let logits = wide(logits);
    let largest = logits.clone().detach().max_dim(1);
    let sums = (logits - largest.clone()).exp().sum_dim(1).log() + largest;
    sums.powi_scalar(2).mean()
}

/// The squared coefficient of variation of the experts' summed probabilities: 0 for an even router. Computed in at
/// least single precision; the result has the precision of the gates.
///
/// # References
///
/// Shazeer et al., Outrageously Large Neural Networks, arXiv 1701.06538, equation 7.
pub fn importance_loss(routing: &TokenRouting) -> Tensor<1> {
    let n_experts = routing.probabilities.dims()[1];
    let sums = wide(routing.probabilities.clone()).sum_dim(0).reshape([n_experts]);
    let mean = sums.clone().mean();
    let variance = (sums - mean.clone()).powi_scalar(2).mean();
    (variance / mean.powi_scalar(2)).cast(routing.gates.dtype())
}
