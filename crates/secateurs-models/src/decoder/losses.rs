//! Token losses with the decisions of the routers.

use burn::tensor::Tensor;
use secateurs_moe::{Routing, load_balancing_loss};

/// Token losses, with the decisions of every block's router on the way to them.
#[derive(Debug)]
pub struct RoutedLosses {
    /// The loss of every predicted token, `[batch, n_tokens - 1]`.
    pub losses: Tensor<2>,
    /// Decisions of each block; empty if the model is dense. The tokens of a routing are those of all sequences, one
    /// after another.
    pub routings: Vec<Routing>,
}

impl RoutedLosses {
    /// The [`load_balancing_loss`] of every block, added up; nothing if no router sends tokens to experts.
    ///
    /// Training adds it to the mean of `losses`, times `balance_weight` of the configuration.
    ///
    /// **Deviates:** transformers takes the mean over blocks of a loss that is `top_k` where the router is even; here it is 1
    /// for each block.
    pub fn balance(&self) -> Option<Tensor<1>> {
        let balances = self.routings.iter().filter_map(|routing| match routing {
            Routing::Tokens(routing) => Some(load_balancing_loss(routing)),
            Routing::Slots(_) => None,
        });
        balances.reduce(|sum, balance| sum + balance)
    }
}
