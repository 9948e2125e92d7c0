//! The tensors of a Llama.

use super::config::LlamaConfig;
use crate::PlannedTensor;

/// Names and shapes of all tensors of a Llama, in Hugging Face layout and file order.
pub fn planned_tensors(config: &LlamaConfig) -> Vec<PlannedTensor> {
    let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
    let mut planned = vec![plan("model.embed_tokens.weight", &[config.vocab_size, config.d_model])];
    for index in 0..config.n_blocks {
        let block: [(&str, &[usize]); 9] = [
            ("input_layernorm", &[config.d_model]),
            ("self_attn.q_proj", &[d_query, config.d_model]),
            ("self_attn.k_proj", &[d_key, config.d_model]),
            ("self_attn.v_proj", &[d_key, config.d_model]),
            ("self_attn.o_proj", &[config.d_model, d_query]),
            ("post_attention_layernorm", &[config.d_model]),
            ("mlp.gate_proj", &[config.d_ffn, config.d_model]),
            ("mlp.up_proj", &[config.d_ffn, config.d_model]),
            ("mlp.down_proj", &[config.d_model, config.d_ffn]),
        ];
        planned.extend(block.map(|(name, shape)| plan(&format!("model.layers.{index}.{name}.weight"), shape)));
    }
    planned.push(plan("model.norm.weight", &[config.d_model]));
    if !config.tied_head {
        planned.push(plan("lm_head.weight", &[config.vocab_size, config.d_model]));
    }
    planned
}

fn plan(name: &str, shape: &[usize]) -> PlannedTensor {
    PlannedTensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
    }
}
