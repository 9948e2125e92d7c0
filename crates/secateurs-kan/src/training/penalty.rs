//! The penalty of a network's size.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::layers::layer::Covariance;
use crate::layers::network::Kan;

/// Weights of the penalty terms of the loss, as in pykan.
///
/// With `v_{i,s} = sd(phi_{i,s}) / (sd(x_i) + 0.1)` per layer, `p` the shares of `v` in the sum (plus 1) over the
/// inputs of a subnode or over the subnodes of an input, and `H = -sum p log2(p + 1e-4)`: `lambda sum_layers (l1 sum v +
/// entropy (mean_s H_s + mean_i H_i) + coefficients C + differences D)`, where C and D are sums over inputs and basis
/// functions: C of the mean absolute coefficient over subnodes, D of the mean absolute difference of neighbouring
/// coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Penalty {
    /// Weight of the whole penalty.
    pub lambda: f64,
    /// Weight of the sum of deviations.
    pub l1: f64,
    /// Weight of the entropies.
    pub entropy: f64,
    /// Weight of the coefficients.
    pub coefficients: f64,
    /// Weight of the differences of neighbouring coefficients.
    pub differences: f64,
}

impl Default for Penalty {
    fn default() -> Self {
        Self {
            lambda: 0.0,
            l1: 1.0,
            entropy: 2.0,
            coefficients: 0.0,
            differences: 0.0,
        }
    }
}

impl Penalty {
    /// The penalty of a network on inputs, in the network's precision.
    pub fn of(&self, kan: &Kan, x: Tensor<2>) -> Tensor<1> {
        let first = kan.covariance(x.clone());
        self.with_covariance(kan, x, &first)
    }

    /// The penalty from the [covariance](Kan::covariance) of the first layer at these inputs, which is most of the work
    /// and does not change between moves of the grids.
    pub fn with_covariance(&self, kan: &Kan, x: Tensor<2>, first: &Covariance) -> Tensor<1> {
        let mut x = kan.scaled(x);
        let mut sum = Tensor::zeros([1], (&x.device(), x.dtype()));
        let mut covariance = first.clone();
        for (number, layer) in kan.layers.iter().enumerate() {
            if number > 0 {
                x = kan.layers[number - 1].forward(x);
                covariance = layer.covariance(x.clone());
            }
            let v = layer.relative_deviations(&covariance); // [d_input, n_subnodes]
            let entropy = |axis: usize| {
                let p = v.clone() / (v.clone().sum_dim(axis) + 1.0);
                let bits = (p.clone() + 1e-4).log() / std::f64::consts::LN_2;
                -(p * bits).sum_dim(axis).mean()
            };
            sum = sum + v.clone().sum() * self.l1 + (entropy(0) + entropy(1)) * self.entropy;
            let coefficients = layer.weights().coefficients; // [d_input, n_basis, n_subnodes]
            let size = |c: Tensor<3>| c.abs().mean_dim(2).sum();
            if self.coefficients != 0.0 {
                sum = sum + size(coefficients.clone()) * self.coefficients;
            }
            let n_basis = coefficients.dims()[1];
            if self.differences != 0.0 && n_basis > 1 {
                let upper = coefficients.clone().narrow(1, 1, n_basis - 1);
                let lower = coefficients.narrow(1, 0, n_basis - 1);
                sum = sum + size(upper - lower) * self.differences;
            }
        }
        sum * self.lambda
    }
}
