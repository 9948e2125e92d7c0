//! Random `config.json` against an oracle: 20,000 must each be what transformers would compute, or refused.
//!
//! The oracle in `support/transformers.rs` knows nothing of the crate.

mod support;

use secateurs_data::llama::LlamaConfig;
use serde_json::{Value, json};
use support::dice::Dice;
use support::transformers::{Model, Object, effects, oracle};

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
