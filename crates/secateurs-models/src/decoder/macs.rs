//! The multiplications of one token.

use secateurs_data::TensorKind;
use secateurs_data::llama::LlamaConfig;

/// Multiply-accumulate operations of the matrices that one token passes, zeros included: the linears of all blocks,
/// with `top_k` experts of each mixture, and the output matrix. Attention between tokens is not counted, since it
/// depends on their number.
pub(super) fn macs_per_token(config: &LlamaConfig) -> u64 {
    let (mut of_all, mut of_experts) = (0, 0);
    for tensor in config.tensors() {
        let macs = tensor.plan.n_values() as u64;
        match tensor.plan.kind {
            TensorKind::Linear if tensor.expert.is_some() => of_experts += macs,
            TensorKind::Linear => of_all += macs,
            // An embedding is looked up; a tied one is the output matrix as well.
            TensorKind::Embedding if config.tied_head => of_all += macs,
            TensorKind::Embedding | TensorKind::Vector => {}
        }
    }
    let active = config.experts.map_or(0, |experts| {
        of_experts / experts.n_experts as u64 * experts.top_k as u64
    });
    of_all + active
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(tied: bool, experts: serde_json::Value) -> LlamaConfig {
        let mut json = json!({
            "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 3, "num_attention_heads": 2,
            "num_key_value_heads": 1, "vocab_size": 5, "max_position_embeddings": 4, "rms_norm_eps": 1e-5,
            "tie_word_embeddings": tied
        });
        let fields = experts.as_object().into_iter().flatten();
        fields.for_each(|(field, value)| json[field] = value.clone());
        LlamaConfig::from_json(&json).expect("a configuration")
    }

    #[test]
    fn a_token_passes_every_linear_and_the_output_matrix_once() {
        // Queries and outputs are 8x8, keys and values 4x8 (one head of two), the three of SwiGLU 12x8.
        let block = 2 * 64 + 2 * 32 + 3 * 96;
        for tied in [true, false] {
            let config = config(tied, json!({ "model_type": "llama" }));
            assert_eq!(macs_per_token(&config), 3 * block + 5 * 8);
        }
    }

    #[test]
    fn of_a_mixture_the_router_and_the_chosen_experts_count() {
        let mixture = json!({ "model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2 });
        let block = 2 * 64 + 2 * 32 + 4 * 8 + 2 * 3 * 96;
        assert_eq!(macs_per_token(&config(false, mixture)), 3 * block + 5 * 8);
    }
}
