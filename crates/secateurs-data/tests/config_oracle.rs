//! Random `config.json` against an oracle: 20,000 must each be what transformers would compute, or refused.
//!
//! The oracle below was written from what transformers 5.24 does with the three families, step by step, and knows nothing of
//! the crate. A field that transformers ignores, but that other programs compute with, makes another model of it.

mod support;

use secateurs_data::llama::LlamaConfig;
use serde_json::{Map, Value, json};
use support::dice::Dice;

/// What a model computes with.
#[derive(Debug, PartialEq)]
struct Model {
    widths: [u64; 4],
    heads: [u64; 3],
    positions: u64,
    epsilon: f64,
    frequencies: Vec<f64>,
    tied: bool,
    /// Number, those that answer, whether their gates sum to 1.
    experts: Option<(u64, u64, bool)>,
}

type Object = Map<String, Value>;

/// Fields of other programs, and the only value besides null with which they change nothing.
fn effects() -> Vec<(&'static str, Value)> {
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

const HARMLESS: [&str; 10] = [
    "attention_dropout",
    "initializer_range",
    "pretraining_tp",
    "torch_dtype",
    "use_cache",
    "temperature",
    "transformers_version",
    "_name_or_path",
    "image_token_id",
    "unsloth_version",
];

const SIZES: [&str; 7] = [
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
];

const OTHERS: [&str; 21] = [
    "max_position_embeddings",
    "rms_norm_eps",
    "rope_theta",
    "rope_theta",
    "rope_scaling",
    "rope_scaling",
    "rope_scaling",
    "rope_parameters",
    "rope_parameters",
    "original_max_position_embeddings",
    "tie_word_embeddings",
    "hidden_act",
    "model_type",
    "num_local_experts",
    "num_experts",
    "num_experts_per_tok",
    "norm_topk_prob",
    "sliding_window",
    "layer_types",
    "architectures",
    "eos_token_id",
];

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
fn oracle(config: &Object) -> Option<Model> {
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

fn described(config: &LlamaConfig) -> Model {
    Model {
        widths: [config.d_model, config.d_ffn, config.n_blocks, config.vocab_size].map(|n| n as u64),
        heads: [config.n_heads, config.n_kv_heads, config.d_head].map(|n| n as u64),
        positions: config.max_positions as u64,
        epsilon: config.norm_eps,
        frequencies: config.rope_frequencies(),
        tied: config.tied_head,
        experts: config
            .experts
            .map(|experts| (experts.n_experts as u64, experts.top_k as u64, experts.normalised)),
    }
}

fn close(first: &[f64], second: &[f64]) -> bool {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs();
    first.len() == second.len() && first.iter().zip(second).all(near)
}

fn valid(dice: &mut Dice) -> Object {
    let family = *dice.pick(&["llama", "llama", "mixtral", "olmoe"]);
    let n_heads = *dice.pick(&[1, 2, 4, 6]);
    let mut config = json!({
        "model_type": family, "hidden_size": 8 * n_heads, "intermediate_size": 12, "num_hidden_layers": 3,
        "num_attention_heads": n_heads, "num_key_value_heads": 1, "vocab_size": 50, "rms_norm_eps": 1e-5,
        "max_position_embeddings": 512,
    });
    if family != "llama" {
        let field = if family == "mixtral" {
            "num_local_experts"
        } else {
            "num_experts"
        };
        config[field] = 4.into();
        config["num_experts_per_tok"] = 2.into();
    }
    config.as_object().expect("an object").clone()
}

/// A value of any kind.
fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth > 1 { 16 } else { 18 }) {
        0 | 1 => Value::Null,
        2 | 3 => json!(dice.below(2) == 0),
        4 => json!(0),
        5 => json!(1),
        6 => json!(2 + 2 * dice.below(4)),
        7 => json!(dice.below(1000)),
        8 => json!(*dice.pick(&[-1, -8, i64::MIN])),
        9 => json!(*dice.pick(&[u64::MAX, 1 << 32, 1 << 53])),
        10 => json!(*dice.pick(&[0.5, 2.0, 1e-5, 1.0, 4.5, -0.5, 1e300])),
        11 | 12 => json!(*dice.pick(&[10_000.0, 500_000.0, 2e6])),
        13 => json!(dice.below(1 << 20)),
        14 => json!(*dice.pick(&[
            "",
            "8",
            "silu",
            "swish",
            "gelu",
            "llama",
            "mixtral",
            "olmoe",
            "LlamaForCausalLM"
        ])),
        15 => json!(*dice.pick(&["linear", "default", "float16", "\u{0}", "full_attention"])),
        16 => (0..dice.below(4)).map(|_| value(dice, depth + 1)).collect(),
        _ => Value::Object(
            (0..dice.below(3))
                .map(|_| (dice.pick(&OTHERS).to_string(), value(dice, depth + 1)))
                .collect(),
        ),
    }
}

/// Rotary settings, mostly sensible.
fn rope(dice: &mut Dice) -> Value {
    if dice.below(8) == 0 {
        return value(dice, 1);
    }
    let mut rope = Object::new();
    let kind = *dice.pick(&["default", "linear", "linear", "llama3", "llama3", "yarn", "dynamic"]);
    let name = *dice.pick(&["rope_type", "type"]);
    rope.insert(name.into(), kind.into());
    if kind != "default" || dice.below(4) == 0 {
        rope.insert(
            "factor".into(),
            dice.pick(&[json!(1.0), json!(2), json!(4.0), json!(8.0)]).clone(),
        );
    }
    if kind == "llama3" {
        for (field, number) in [("low_freq_factor", 1.0), ("high_freq_factor", 4.0)] {
            rope.insert(field.into(), number.into());
        }
        if dice.below(4) > 0 {
            rope.insert(
                "original_max_position_embeddings".into(),
                json!(*dice.pick(&[64, 256, 8192])),
            );
        }
    }
    if dice.below(3) == 0 {
        rope.insert("rope_theta".into(), json!(*dice.pick(&[10_000.0, 500_000.0])));
    }
    const INSIDE: [&str; 9] = [
        "rope_type",
        "type",
        "factor",
        "rope_theta",
        "low_freq_factor",
        "high_freq_factor",
        "original_max_position_embeddings",
        "partial_rotary_factor",
        "attention_factor",
    ];
    if dice.below(3) == 0 {
        rope.insert(dice.pick(&INSIDE).to_string(), value(dice, 1));
    }
    Value::Object(rope)
}

fn change(config: &mut Object, dice: &mut Dice) {
    let effects = effects();
    let field = match dice.below(10) {
        0 | 1 => *dice.pick(&SIZES),
        2..=6 => *dice.pick(&OTHERS),
        7 => dice.pick(&effects).0,
        _ => *dice.pick(&HARMLESS),
    };
    let new = match field {
        _ if dice.below(24) == 0 => {
            config.remove(field);
            return;
        }
        "rope_scaling" | "rope_parameters" => rope(dice),
        "layer_types" if dice.below(2) == 0 => json!(vec!["full_attention"; 1 + dice.below(3)]),
        _ if dice.below(4) == 0 => effects
            .iter()
            .find(|(known, _)| *known == field)
            .map_or_else(|| value(dice, 0), |(_, neutral)| neutral.clone()),
        _ => value(dice, 0),
    };
    config.insert(field.into(), new);
}

#[test]
fn every_configuration_is_that_of_transformers_or_refused() {
    let mut dice = Dice::new(19);
    let (mut n_accepted, mut n_stretched) = (0, 0);
    for case in 0..20_000 {
        let mut config = valid(&mut dice);
        (0..dice.below(5)).for_each(|_| change(&mut config, &mut dice));
        let json = Value::Object(config.clone());
        let Ok(read) = LlamaConfig::from_json(&json) else {
            continue;
        };
        let (got, expected) = (described(&read), oracle(&config));
        let expected = expected.unwrap_or_else(|| panic!("case {case} must be refused: {json}"));
        assert!(
            close(&got.frequencies, &expected.frequencies),
            "case {case}: {json}\n{got:?}\n{expected:?}"
        );
        let same = |model: Model| Model {
            frequencies: Vec::new(),
            ..model
        };
        assert_eq!(same(got), same(expected), "case {case}: {json}");
        n_accepted += 1;
        n_stretched += usize::from(read.rope_scaling.is_some());
        // What is written of it is the same model again.
        let again = LlamaConfig::from_json(&read.to_json()).unwrap_or_else(|e| panic!("case {case}: {json}: {e}"));
        assert_eq!(again, read, "case {case}: {json}");
    }
    // Enough of both that neither branch goes untested.
    assert!((6_000..17_000).contains(&n_accepted), "{n_accepted}");
    assert!(n_stretched > 300, "{n_stretched}");
}

#[test]
fn harmless_fields_are_accepted_with_every_value() {
    let mut dice = Dice::new(7);
    for _ in 0..2_000 {
        let mut config = valid(&mut dice);
        let plain = LlamaConfig::from_json(&Value::Object(config.clone())).expect("valid");
        for _ in 0..3 {
            config.insert(dice.pick(&HARMLESS).to_string(), value(&mut dice, 0));
        }
        let json = Value::Object(config);
        let read = LlamaConfig::from_json(&json).unwrap_or_else(|e| panic!("{json}: {e}"));
        assert_eq!(read, plain, "{json}");
    }
}

#[test]
fn fields_that_mean_another_model_are_refused_by_name() {
    let mut dice = Dice::new(3);
    for (field, neutral) in effects() {
        for odd in [json!(true), json!(2.5), json!("x"), json!([1]), json!({"a": 1})] {
            if odd == neutral {
                continue;
            }
            let mut config = valid(&mut dice);
            config.insert(field.into(), odd.clone());
            let error = LlamaConfig::from_json(&Value::Object(config))
                .expect_err(field)
                .to_string();
            assert!(error.contains(field), "{field} {odd}: {error}");
        }
        for fine in [neutral, Value::Null] {
            let mut config = valid(&mut dice);
            config.insert(field.into(), fine);
            LlamaConfig::from_json(&Value::Object(config)).unwrap_or_else(|e| panic!("{field}: {e}"));
        }
    }
}
