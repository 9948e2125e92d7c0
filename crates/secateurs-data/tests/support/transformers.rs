//! An oracle for `config.json`, written from what transformers 5.24 does with the three families, step by step. A field that
//! transformers ignores, but that other programs compute with, makes another model of it.

use serde_json::{Map, Value, json};

/// What a model computes with.
#[derive(Debug, PartialEq)]
pub struct Model {
    pub widths: [u64; 4],
    pub heads: [u64; 3],
    pub positions: u64,
    pub epsilon: f64,
    pub frequencies: Vec<f64>,
    pub tied: bool,
    /// Number, those that answer, whether their gates sum to 1.
    pub experts: Option<(u64, u64, bool)>,
}

pub type Object = Map<String, Value>;

/// Fields of other programs, and the only value besides null with which they change nothing.
pub fn effects() -> Vec<(&'static str, Value)> {
    let none = Value::Null;
    vec![
        ("attention_bias", json!(false)),
        ("mlp_bias", json!(false)),
        ("qk_norm", json!(false)),
        ("rope_interleaved", json!(false)),
        ("attn_temperature_tuning", json!(false)),
        ("is_causal", json!(true)),
        ("clip_qkv", none.clone()),
        ("attention_multiplier", none.clone()),
        ("residual_multiplier", json!(1)),
        ("embedding_multiplier", json!(1)),
        ("logits_scaling", json!(1)),
        ("logit_scale", json!(1)),
        ("attn_logit_softcapping", json!(0)),
        ("final_logit_softcapping", json!(0)),
        ("query_pre_attn_scalar", none.clone()),
        ("attention_chunk_size", none.clone()),
        ("partial_rotary_factor", json!(1)),
        ("mlp_layer_types", none.clone()),
        ("gizmo_scale", json!(false)),
        ("n_head", json!(false)),
        ("quantization_config", none),
    ]
}

fn whole(value: Option<&Value>) -> Option<u64> {
    value?.as_u64().filter(|n| *n > 0)
}

fn family(config: &Object) -> Option<&str> {
    let name = config.get("model_type").filter(|name| !name.is_null());
    let name = name.map_or(Some("llama"), Value::as_str)?;
    ["llama", "mixtral", "olmoe"].contains(&name).then_some(name)
}

/// A size that is given, or what the class has where it is not.
fn size(config: &Object, field: &str, default: u64) -> Option<u64> {
    match config.get(field) {
        None => Some(default),
        given => whole(given),
    }
}

fn flag(config: &Object, field: &str) -> Option<bool> {
    match config.get(field) {
        None | Some(Value::Null) => Some(false),
        Some(value) => value.as_bool(),
    }
}

/// Python's truth of a JSON value.
fn is_true(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(value)) => value.as_f64() != Some(0.0),
        Some(Value::String(value)) => !value.is_empty(),
        Some(Value::Array(values)) => !values.is_empty(),
        Some(Value::Object(values)) => !values.is_empty(),
    }
}

/// `convert_rope_params_to_dict`, `standardize_rope_params` and the functions that compute `inv_freq`.
fn frequencies(config: &Object, d_head: u64, positions: u64) -> Option<Vec<f64>> {
    let empty = json!({});
    let chosen = if is_true(config.get("rope_scaling")) {
        &config["rope_scaling"]
    } else {
        config
            .get("rope_parameters")
            .filter(|value| !value.is_null())
            .unwrap_or(&empty)
    };
    let rope = chosen.as_object()?;
    let default = if family(config)? == "mixtral" { 1e6 } else { 1e4 };
    let outside = config.get("rope_theta").map_or(Some(default), Value::as_f64);
    let base = rope.get("rope_theta").map_or(outside, Value::as_f64)?;
    let kind = rope.get("rope_type").or_else(|| rope.get("type"));
    let kind = kind.map_or(Some("default"), Value::as_str)?;
    let partial = rope
        .get("partial_rotary_factor")
        .or_else(|| config.get("partial_rotary_factor"));
    if kind != "default" && partial.is_some_and(|partial| !partial.is_null() && partial.as_f64() != Some(1.0)) {
        return None;
    }
    let plain = (0..d_head / 2).map(|i| 1.0 / base.powf(2.0 * i as f64 / d_head as f64));
    let number = |field: &str| rope.get(field).and_then(Value::as_f64);
    match kind {
        "default" => Some(plain.collect()),
        "linear" => {
            let factor = number("factor")?;
            Some(plain.map(|frequency| frequency / factor).collect())
        }
        "llama3" => {
            let name = "original_max_position_embeddings";
            let original = match config.get(name).or_else(|| rope.get(name)) {
                Some(given) => given.as_f64()?,
                None => positions as f64,
            };
            let (factor, low, high) = (
                number("factor")?,
                number("low_freq_factor")?,
                number("high_freq_factor")?,
            );
            let stretched = plain.map(|frequency| {
                let wavelength = 2.0 * std::f64::consts::PI / frequency;
                if wavelength > original / low {
                    frequency / factor
                } else if wavelength < original / high {
                    frequency
                } else {
                    let smooth = (original / wavelength - low) / (high - low);
                    (1.0 - smooth) * frequency / factor + smooth * frequency
                }
            });
            Some(stretched.collect())
        }
        _ => None,
    }
}

fn experts(config: &Object) -> Option<Option<(u64, u64, bool)>> {
    let (own, other, n, k) = match family(config)? {
        "mixtral" => ("num_local_experts", "num_experts", 8, 2),
        "olmoe" => ("num_experts", "num_local_experts", 64, 8),
        _ => {
            // A dense class ignores them; whoever wrote them meant a mixture.
            let fields = ["num_experts", "num_local_experts", "num_experts_per_tok"];
            let is_dense = |field: &str| {
                let value = config.get(field).unwrap_or(&Value::Null);
                value.is_null() || value.as_f64() == Some(0.0)
            };
            return fields.iter().all(|field| is_dense(field)).then_some(None);
        }
    };
    // Set after the class's own field, under the name that `attribute_map` gives.
    let n = if config.contains_key(other) {
        size(config, other, 0)?
    } else {
        size(config, own, n)?
    };
    let k = size(config, "num_experts_per_tok", k)?;
    let normalised = family(config)? == "mixtral" || flag(config, "norm_topk_prob")?;
    (k <= n).then_some(Some((n, k, normalised)))
}

/// Whether every field that could make another model of it says that it does not.
fn is_plain(config: &Object) -> bool {
    let is_neutral = |(field, neutral): &(&str, Value)| match config.get(*field) {
        None | Some(Value::Null) => true,
        Some(value) => value == neutral || value.as_f64().is_some_and(|number| Some(number) == neutral.as_f64()),
    };
    let positions = config
        .get("max_position_embeddings")
        .and_then(Value::as_f64)
        .unwrap_or(0.0);
    let window = config.get("sliding_window").filter(|window| !window.is_null());
    let window = window.is_none_or(|window| window.as_f64().is_some_and(|window| window >= positions));
    let layers = config.get("layer_types").filter(|layers| !layers.is_null());
    let is_full = |layers: &Vec<Value>| layers.iter().all(|layer| layer == "full_attention");
    let layers = layers.is_none_or(|layers| layers.as_array().is_some_and(is_full));
    effects().iter().all(is_neutral) && window && layers
}

/// What transformers computes with; nothing where it fails, or another model is meant.
pub fn oracle(config: &Object) -> Option<Model> {
    let family = family(config)?;
    let defaults = match family {
        "llama" => (11008, 1e-6, 2048),
        "mixtral" => (14336, 1e-5, 131_072),
        _ => (2048, 1e-5, 4096),
    };
    let act = config.get("hidden_act").map_or(Some("silu"), Value::as_str)?;
    if !is_plain(config) || !["silu", "swish"].contains(&act) {
        return None;
    }
    let n_heads = size(config, "num_attention_heads", 32)?;
    let d_model = size(config, "hidden_size", 4096)?;
    let n_kv_heads = match config.get("num_key_value_heads") {
        None if family == "mixtral" => 8,
        None | Some(Value::Null) => n_heads,
        given => whole(given)?,
    };
    let d_head = match config.get("head_dim") {
        None | Some(Value::Null) => d_model / n_heads,
        given => whole(given)?,
    };
    let positions = size(config, "max_position_embeddings", defaults.2)?;
    Some(Model {
        widths: [
            d_model,
            size(config, "intermediate_size", defaults.0)?,
            size(config, "num_hidden_layers", 32)?,
            size(config, "vocab_size", 32000)?,
        ],
        heads: [n_heads, n_kv_heads, d_head],
        positions,
        epsilon: config.get("rms_norm_eps").map_or(Some(defaults.1), Value::as_f64)?,
        frequencies: frequencies(config, d_head.min(1 << 17), positions)?,
        tied: flag(config, "tie_word_embeddings")?,
        experts: experts(config)?,
    })
}
