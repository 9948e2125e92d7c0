//! The tensors of a Llama.

use super::config::LlamaConfig;
use super::experts::{ExpertLayout, ExpertsConfig};
use crate::PlannedTensor;

/// Names and shapes of all tensors of a Llama, in Hugging Face layout and file order.
pub fn planned_tensors(config: &LlamaConfig) -> Vec<PlannedTensor> {
    let [embedding, rest @ ..] = &outer_tensors(config)[..] else {
        unreachable!("the embedding is outside the blocks");
    };
    let blocks = (0..config.n_blocks).flat_map(|index| block_tensors(config, index));
    let planned = std::iter::once(embedding.clone()).chain(blocks);
    planned.chain(rest.iter().cloned()).collect()
}

/// The tensors outside the blocks, the embedding first.
pub(super) fn outer_tensors(config: &LlamaConfig) -> Vec<PlannedTensor> {
    let table = [config.vocab_size, config.d_model];
    let mut planned = vec![
        plan("model.embed_tokens".into(), &table),
        plan("model.norm".into(), &[config.d_model]),
    ];
    if !config.tied_head {
        planned.push(plan("lm_head".into(), &table));
    }
    planned
}

/// The tensors of block `index`.
pub(super) fn block_tensors(config: &LlamaConfig, index: usize) -> Vec<PlannedTensor> {
    let block = format!("model.layers.{index}");
    let mut planned = vec![plan(format!("{block}.input_layernorm"), &[config.d_model])];
    planned.extend(attention(config, &format!("{block}.self_attn")));
    planned.push(plan(format!("{block}.post_attention_layernorm"), &[config.d_model]));
    match &config.experts {
        Some(experts) => planned.extend(mixture(config, experts, &format!("{block}.moe"))),
        None => planned.extend(swiglu(config, &format!("{block}.mlp"))),
    }
    planned
}

fn attention(config: &LlamaConfig, path: &str) -> Vec<PlannedTensor> {
    let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
    let mut planned = vec![
        plan(format!("{path}.q_proj"), &[d_query, config.d_model]),
        plan(format!("{path}.k_proj"), &[d_key, config.d_model]),
        plan(format!("{path}.v_proj"), &[d_key, config.d_model]),
        plan(format!("{path}.o_proj"), &[config.d_model, d_query]),
    ];
    if config.layout().is_some_and(ExpertLayout::has_attention_norms) {
        planned.push(plan(format!("{path}.q_norm"), &[d_query]));
        planned.push(plan(format!("{path}.k_norm"), &[d_key]));
    }
    planned
}

fn swiglu(config: &LlamaConfig, path: &str) -> [PlannedTensor; 3] {
    [
        plan(format!("{path}.gate_proj"), &[config.d_ffn, config.d_model]),
        plan(format!("{path}.up_proj"), &[config.d_ffn, config.d_model]),
        plan(format!("{path}.down_proj"), &[config.d_model, config.d_ffn]),
    ]
}

fn mixture(config: &LlamaConfig, experts: &ExpertsConfig, path: &str) -> Vec<PlannedTensor> {
    let mut planned = vec![plan(format!("{path}.gate"), &[experts.n_experts, config.d_model])];
    planned.extend((0..experts.n_experts).flat_map(|expert| swiglu(config, &format!("{path}.experts.{expert}"))));
    for tensor in &mut planned {
        tensor.name = experts.layout.file_name(&tensor.name);
    }
    planned
}

fn plan(module: String, shape: &[usize]) -> PlannedTensor {
    PlannedTensor {
        name: module + ".weight",
        shape: shape.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(experts: serde_json::Value) -> Vec<(String, Vec<usize>)> {
        let mut json = json!({
            "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 1, "vocab_size": 32, "rms_norm_eps": 1e-5, "max_position_embeddings": 64
        });
        let fields = experts.as_object().into_iter().flatten();
        fields.for_each(|(field, value)| json[field] = value.clone());
        let config = LlamaConfig::from_json(&json).expect("a configuration");
        let tensors = planned_tensors(&config).into_iter();
        tensors.map(|tensor| (tensor.name, tensor.shape)).collect()
    }

    #[test]
    fn a_mixtral_has_a_gate_and_experts() {
        let tensors = planned(json!({ "model_type": "mixtral", "num_local_experts": 3, "num_experts_per_tok": 2 }));
        assert_eq!(tensors.len(), 3 + 6 + 1 + 3 * 3);
        let name = |rest: &str| format!("model.layers.0.block_sparse_moe.{rest}.weight");
        assert!(tensors.contains(&(name("gate"), vec![3, 8])));
        assert!(tensors.contains(&(name("experts.2.w1"), vec![16, 8])));
        assert!(tensors.contains(&(name("experts.2.w3"), vec![16, 8])));
        assert!(tensors.contains(&(name("experts.2.w2"), vec![8, 16])));
    }

    #[test]
    fn an_olmoe_has_attention_norms_besides() {
        let tensors = planned(json!({ "model_type": "olmoe", "num_experts": 3, "num_experts_per_tok": 1 }));
        assert_eq!(tensors.len(), 3 + 8 + 1 + 3 * 3);
        assert!(tensors.contains(&("model.layers.0.self_attn.q_norm.weight".into(), vec![8])));
        assert!(tensors.contains(&("model.layers.0.self_attn.k_norm.weight".into(), vec![4])));
        assert!(tensors.contains(&("model.layers.0.mlp.gate.weight".into(), vec![3, 8])));
        assert!(tensors.contains(&("model.layers.0.mlp.experts.0.down_proj.weight".into(), vec![8, 16])));
    }
}
