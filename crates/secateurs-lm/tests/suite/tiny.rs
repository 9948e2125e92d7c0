//! A Llama so small that a job takes a moment.

use std::path::Path;

use secateurs_data::{CheckpointWriter, FloatType};
use secateurs_models::decoder::{LlamaConfig, planned_tensors};
use serde_json::{Value, json};

/// Words that the tokenizer knows.
pub const VOCAB: usize = 40;

/// Writes a random Llama of two blocks without tied embeddings; `edit` may change the values of a tensor.
pub fn write_model(path: &Path, edit: impl Fn(&str, &mut [f32])) {
    write(path, &config(), edit);
}

/// Writes a random Mixtral of the same size with four experts, two per token.
pub fn write_mixture(path: &Path) {
    let mut config = config();
    config["model_type"] = "mixtral".into();
    config["num_local_experts"] = 4.into();
    config["num_experts_per_tok"] = 2.into();
    write(path, &config, |_, _| {});
}

fn config() -> Value {
    json!({
        "model_type": "llama", "hidden_act": "silu", "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": VOCAB, "max_position_embeddings": 256,
        "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": false
    })
}

fn write(path: &Path, config: &Value, edit: impl Fn(&str, &mut [f32])) {
    let plan = planned_tensors(&LlamaConfig::from_json(config).expect("a Llama"));
    let staging = path.with_extension("staging");
    let writer = CheckpointWriter::create(&staging, plan.clone(), FloatType::F32).expect("the plan is valid");
    let mut state = 1u64;
    for tensor in &plan {
        let is_norm = tensor.name.ends_with("norm.weight");
        let values = (0..tensor.shape.iter().product()).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
            if is_norm { 1.0 + 0.1 * noise } else { 0.5 * noise }
        });
        let mut values: Vec<f32> = values.collect();
        edit(&tensor.name, &mut values);
        writer.write(&tensor.name, &values).expect("the tensor is planned");
    }
    let vocab: serde_json::Map<_, _> = (0..VOCAB).map(|word| (format!("w{word}"), word.into())).collect();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": { "type": "Whitespace" }, "post_processor": null, "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocab, "unk_token": "w0" }
    });
    let file = |name: &str, content: String| writer.write_file(name, content.as_bytes()).expect("it can be written");
    file("config.json", config.to_string());
    file("tokenizer.json", tokenizer.to_string());
    writer.finish(path).expect("everything is written");
}
