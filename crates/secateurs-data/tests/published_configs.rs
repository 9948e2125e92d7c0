//! The fields that configurations of published models have, with the values that matter, are all accepted.

use secateurs_data::llama::{LlamaConfig, RopeScaling};
use serde_json::{Value, json};

/// Fields that every program writes.
fn with(model_type: &str, fields: Value) -> Value {
    let mut json = json!({
        "model_type": model_type, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02,
        "intermediate_size": 8192, "num_attention_heads": 32, "num_hidden_layers": 24, "num_key_value_heads": 8,
        "vocab_size": 128_256, "max_position_embeddings": 131_072, "rms_norm_eps": 1e-5, "use_cache": true,
    });
    for (field, value) in fields.as_object().expect("an object") {
        json[field] = value.clone();
    }
    json
}

fn read(json: &Value) -> LlamaConfig {
    LlamaConfig::from_json(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn llamas_of_every_age() {
    let first = with(
        "llama",
        json!({
            "architectures": ["LLaMAForCausalLM"], "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": -1,
            "max_sequence_length": 2048, "torch_dtype": "float16", "transformers_version": "4.27.0.dev0",
        }),
    );
    let second = with(
        "llama",
        json!({
            "_name_or_path": "meta-llama/Llama-2-7b-chat-hf", "architectures": ["LlamaForCausalLM"], "bos_token_id": 1,
            "eos_token_id": 2, "max_length": 4096, "pad_token_id": 0, "pretraining_tp": 1, "rope_scaling": null,
            "tie_word_embeddings": false, "torch_dtype": "float16", "transformers_version": "4.32.0.dev0",
            "temperature": 0.9, "top_p": 0.6, "do_sample": true, "_flash_attn_2_enabled": true,
        }),
    );
    let tuned = with(
        "llama",
        json!({
            "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "mlp_bias": false,
            "pretraining_tp": 2, "rope_theta": 10000.0, "unsloth_version": "2024.9", "unsloth_fixed": true, "use_cache": false,
            "gradient_checkpointing": false, "tokenizer_padding_side": "right", "neftune_noise_alpha": 5,
            "_attn_implementation_autoset": true, "torch_dtype": "bfloat16", "_commit_hash": null,
        }),
    );
    for json in [first, second, tuned] {
        let config = read(&json);
        assert_eq!(
            (config.d_head, config.rope_theta, config.rope_scaling),
            (64, 10_000.0, None)
        );
    }
    let small = with(
        "llama",
        json!({
            "architectures": ["LlamaForCausalLM"], "is_llama_config": true, "rope_interleaved": false, "rope_scaling": null,
            "rope_theta": 130_000, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
            "transformers.js_config": { "kv_cache_dtype": { "q4f16": "float16", "fp16": "float16" } },
        }),
    );
    let config = read(&small);
    assert_eq!((config.rope_theta, config.tied_head), (130_000.0, true));
}

#[test]
fn llama_3_as_versions_4_and_5_write_it() {
    let scaling = json!({
        "factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    });
    let fourth = with(
        "llama",
        json!({
            "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128_000,
            "eos_token_id": [128_001, 128_008, 128_009], "head_dim": 64, "mlp_bias": false, "pretraining_tp": 1,
            "rope_scaling": scaling, "rope_theta": 500_000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
            "transformers_version": "4.45.0.dev0",
        }),
    );
    let mut parameters = scaling;
    parameters["rope_theta"] = json!(500_000.0);
    let fifth = with(
        "llama",
        json!({
            "architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128_000,
            "chunk_size_feed_forward": 0, "dtype": "bfloat16", "eos_token_id": [128_001, 128_008, 128_009], "head_dim": 64,
            "id2label": { "0": "LABEL_0", "1": "LABEL_1" }, "is_encoder_decoder": false, "label2id": { "LABEL_0": 0, "LABEL_1": 1 },
            "mlp_bias": false, "output_attentions": false, "output_hidden_states": false, "pad_token_id": null,
            "pretraining_tp": 1, "problem_type": null, "return_dict": true, "rope_parameters": parameters,
            "tie_word_embeddings": true, "transformers_version": "5.24.0",
        }),
    );
    let (fourth, fifth) = (read(&fourth), read(&fifth));
    assert_eq!(fourth, fifth);
    assert_eq!(fourth.rope_theta, 500_000.0);
    assert!(matches!(
        fourth.rope_scaling,
        Some(RopeScaling::Llama3 {
            factor: 32.0,
            original_positions: 8192.0,
            ..
        })
    ));
}

#[test]
fn mixtures_of_both_families() {
    let mixtral = with(
        "mixtral",
        json!({
            "architectures": ["MixtralForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2,
            "num_experts_per_tok": 2, "num_local_experts": 8, "output_router_logits": false, "rope_theta": 1e6,
            "router_aux_loss_coef": 0.02, "router_jitter_noise": 0.0, "sliding_window": null, "tie_word_embeddings": false,
            "torch_dtype": "bfloat16", "transformers_version": "4.36.0.dev0", "head_dim": null,
        }),
    );
    let olmoe = with(
        "olmoe",
        json!({
            "architectures": ["OlmoeForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "clip_qkv": null,
            "eos_token_id": 50279, "norm_topk_prob": false, "num_experts": 64, "num_experts_per_tok": 8,
            "output_router_logits": false, "pad_token_id": 1, "rope_scaling": null, "rope_theta": 10000.0,
            "router_aux_loss_coef": 0.01, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
            "transformers_version": "4.43.0.dev0",
        }),
    );
    let experts = |json: &Value| {
        read(json)
            .experts
            .map(|experts| (experts.n_experts, experts.top_k, experts.normalised))
    };
    assert_eq!(experts(&mixtral), Some((8, 2, true)));
    assert_eq!(experts(&olmoe), Some((64, 8, false)));
}
