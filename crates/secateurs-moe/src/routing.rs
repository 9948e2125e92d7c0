//! Decisions of a router.

use burn::tensor::Tensor;

use crate::assignment::Assignment;

/// Decisions of a router for a batch of tokens.
#[derive(Debug, Clone)]
pub enum Routing {
    /// Experts for whole tokens.
    Tokens(TokenRouting),
    /// Mixtures of all tokens for experts.
    Slots(SlotRouting),
}

/// The experts of each token, and the weights of their answers.
#[derive(Debug, Clone)]
pub struct TokenRouting {
    /// The pairs of a token and its expert.
    pub assignment: Assignment,
    /// The factor of each pair's answer, in the order of the pairs and the precision of the logits, `[n_pairs]`; carries gradients to
    /// the router.
    pub gates: Tensor<1>,
    /// Probabilities of the router for every expert, `[n_tokens, n_experts]`, in at least single precision; rows sum to 1. For losses and
    /// statistics.
    pub probabilities: Tensor<2>,
    /// Number of tokens that chose each expert, before any was rejected.
    pub chosen: Vec<usize>,
}

impl TokenRouting {
    /// Number of pairs that were rejected because the expert was full.
    pub fn n_dropped(&self) -> usize {
        self.chosen.iter().sum::<usize>() - self.assignment.n_pairs()
    }

    /// Number of tokens without an expert.
    pub fn n_unrouted(&self) -> usize {
        let per_token = self.assignment.experts_per_token();
        per_token.iter().filter(|&&experts| experts == 0).count()
    }

    /// The gates of one expert, `[n_routed, 1]`; nothing if the expert has no token.
    pub fn gates_of(&self, expert: usize) -> Option<Tensor<2>> {
        let (start, end) = (self.assignment.offsets()[expert], self.assignment.offsets()[expert + 1]);
        (end > start).then(|| self.gates.clone().narrow(0, start, end - start).unsqueeze_dim(1))
    }
}

/// Weights of the mixtures of tokens, and of the answers.
#[derive(Debug, Clone)]
pub struct SlotRouting {
    /// Share of each token in each slot, `[n_slots, n_tokens]`; rows sum to 1. The slots of an expert are neighbours.
    pub dispatch: Tensor<2>,
    /// Share of each slot's answer in each token, `[n_tokens, n_slots]`; rows sum to 1.
    pub combine: Tensor<2>,
    /// Slots of each expert.
    pub slots_per_expert: usize,
}
