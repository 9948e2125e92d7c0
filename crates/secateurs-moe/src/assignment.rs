//! Assignment of tokens to experts.

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Pairs of a token and an expert, ordered by expert and within an expert by token.
///
/// A token may occur with any number of experts, none included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    n_tokens: usize,
    tokens: Vec<usize>,
    offsets: Vec<usize>,
}

impl Assignment {
    /// An assignment from the list of every expert's tokens.
    ///
    /// # Panics
    ///
    /// If a token is not below `n_tokens`.
    pub fn new(n_tokens: usize, mut by_expert: Vec<Vec<usize>>) -> Self {
        let mut offsets = vec![0];
        for tokens in &mut by_expert {
            tokens.sort_unstable();
            offsets.push(offsets[offsets.len() - 1] + tokens.len());
        }
        let tokens = by_expert.concat();
        assert!(
            tokens.iter().all(|&token| token < n_tokens),
            "an assigned token is not one of the {n_tokens}"
        );
        Self {
            n_tokens,
            tokens,
            offsets,
        }
    }

    /// Number of tokens, with and without an expert.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// Number of experts, with and without a token.
    pub fn n_experts(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of pairs of a token and an expert.
    pub fn n_pairs(&self) -> usize {
        self.tokens.len()
    }

    /// The tokens of all pairs, expert after expert.
    pub fn tokens(&self) -> &[usize] {
        &self.tokens
    }

    /// The tokens of an expert, in ascending order.
    ///
    /// # Panics
    ///
    /// If there is no such expert.
    pub fn of_expert(&self, expert: usize) -> &[usize] {
        &self.tokens[self.offsets[expert]..self.offsets[expert + 1]]
    }

    /// Number of tokens of each expert.
    pub fn counts(&self) -> Vec<usize> {
        self.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// The first pair of each expert, and at the end the number of pairs: `[n_experts + 1]`.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// Number of experts of each token.
    pub fn experts_per_token(&self) -> Vec<usize> {
        let mut counts = vec![0; self.n_tokens];
        self.tokens.iter().for_each(|&token| counts[token] += 1);
        counts
    }

    /// The pairs as `(token, expert)`.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.n_experts()).flat_map(|expert| self.of_expert(expert).iter().map(move |&token| (token, expert)))
    }

    /// The tokens of all pairs on a device, `[n_pairs]`.
    pub(crate) fn token_indices(&self, device: &Device) -> Tensor<1, Int> {
        indices(self.tokens.iter().copied(), device)
    }

    /// Position of each pair in a matrix `[n_tokens, n_experts]`, `[n_pairs]`.
    pub(crate) fn flat_indices(&self, device: &Device) -> Tensor<1, Int> {
        let n_experts = self.n_experts();
        indices(self.pairs().map(|(token, expert)| token * n_experts + expert), device)
    }
}

pub(crate) fn indices(indices: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let indices: Vec<i64> = indices.map(|index| index as i64).collect();
    let n = indices.len();
    Tensor::from_data(TensorData::new(indices, [n]), device)
}
