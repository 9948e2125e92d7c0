//! The whole Llama in memory.

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use secateurs_data::llama::LlamaConfig;
use secateurs_tensor::Observer;

use super::block::LlamaBlock;
use super::losses::RoutedLosses;
use super::norm::LlamaNorm;
use super::rope::Rope;
use super::tokens::merge_tokens;
use crate::language_model::losses_of;

/// A Llama with its output matrix.
///
/// Fields are named as in Hugging Face checkpoints of dense Llamas, so a parameter's path is its name in the file; parameters
/// of experts have the same paths in all families.
#[derive(Module, Debug)]
pub struct Llama {
    /// The blocks with everything else below the output matrix.
    pub model: LlamaCore,
    /// The output matrix, absent where the embedding serves as one.
    pub lm_head: Option<Linear>,
}

/// Embedding, blocks and final norm.
#[derive(Module, Debug)]
pub struct LlamaCore {
    /// Token embedding.
    pub embed_tokens: Embedding,
    /// The blocks in order.
    pub layers: Vec<LlamaBlock>,
    /// The norm after the last block.
    pub norm: LlamaNorm,
}

impl Llama {
    /// A Llama to be trained: embeddings from a normal distribution of standard deviation 0.02, linears as burn
    /// initialises them.
    pub fn new(config: &LlamaConfig, device: &Device) -> Self {
        let embedding = EmbeddingConfig::new(config.vocab_size, config.d_model)
            .with_initializer(Initializer::Normal { mean: 0.0, std: 0.02 });
        let head = LinearConfig::new(config.d_model, config.vocab_size).with_bias(false);
        Self {
            model: LlamaCore {
                embed_tokens: embedding.init(device),
                layers: (0..config.n_blocks).map(|_| LlamaBlock::new(config, device)).collect(),
                norm: LlamaNorm::new(config.d_model, config.norm_eps, device),
            },
            lm_head: (!config.tied_head).then(|| head.init(device)),
        }
    }

    /// The normalised hidden states after the last block.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens] -> [batch, n_tokens, d_model]`
    pub fn hidden(&self, tokens: Tensor<2, Int>, positions: &Rope, observer: &mut dyn Observer) -> Tensor<3> {
        let embedded = self.model.embed_tokens.forward(tokens);
        let blocks = self.model.layers.iter();
        let hidden = blocks.fold(embedded, |x, block| block.forward(x, positions, observer));
        self.model.norm.forward(hidden)
    }

    /// The logits of the next token at every position.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens] -> [batch, n_tokens, vocab_size]`
    pub fn logits(&self, tokens: Tensor<2, Int>, positions: &Rope) -> Tensor<3> {
        let hidden = self.hidden(tokens, positions, &mut ());
        let [batch, n_tokens, _] = hidden.dims();
        let head = self.head();
        let vocab_size = head.dims()[0];
        secateurs_ops::linear(merge_tokens(hidden), head.transpose()).reshape([batch, n_tokens, vocab_size])
    }

    /// The loss of every predicted token: element `t` is `-ln p(tokens[t + 1] | tokens[..=t])`.
    ///
    /// # Shapes
    ///
    /// `[batch, n_tokens] -> [batch, n_tokens - 1]`
    ///
    /// # Panics
    ///
    /// If there are fewer than two tokens.
    pub fn token_losses(&self, tokens: Tensor<2, Int>, positions: &Rope) -> Tensor<2> {
        self.routed_losses(tokens, positions).losses
    }

    /// Computes the [`token_losses`](Self::token_losses) together with the routers' decisions of the same pass.
    ///
    /// # Panics
    ///
    /// If there are fewer than two tokens.
    pub fn routed_losses(&self, tokens: Tensor<2, Int>, positions: &Rope) -> RoutedLosses {
        let mut routings = Vec::new();
        let mut hidden = self.model.embed_tokens.forward(tokens.clone());
        for block in &self.model.layers {
            let (out, routing) = block.forward_routed(hidden, positions, &mut ());
            hidden = out;
            routings.extend(routing);
        }
        RoutedLosses {
            losses: losses_of(self.model.norm.forward(hidden), self.head(), tokens),
            routings,
        }
    }

    /// The output matrix `[vocab_size, d_model]`.
    pub(crate) fn head(&self) -> Tensor<2> {
        match &self.lm_head {
            Some(linear) => linear.weight.val().transpose(),
            None => self.model.embed_tokens.weight.val(),
        }
    }
}
