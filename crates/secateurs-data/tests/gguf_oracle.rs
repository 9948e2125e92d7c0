//! Random GGUF metadata against an oracle: 12,000 headers must each be what llama.cpp would compute, or refused.
//!
//! The oracle below was written from what llama.cpp does for the architecture llama when it loads hyperparameters and makes
//! a context, and knows nothing of the crate.

mod support;

use std::collections::BTreeMap;

use secateurs_data::Checkpoint;
use secateurs_data::llama::LlamaConfig;
use support::dice::Dice;
use support::fuzz::overwrite;
use support::gguf::{Builder, Meta, array, boolean, f32 as number, text, u32 as count};

/// A metadata value, as the writer of the file meant it.
#[derive(Debug, Clone, PartialEq)]
enum Given {
    Count(u32),
    Signed(i32),
    Number(f32),
    Flag(bool),
    Text(&'static str),
    Counts(Vec<u32>),
    Numbers(Vec<f32>),
}

use Given::{Count, Counts, Flag, Number, Numbers, Signed, Text};

type Metadata = BTreeMap<&'static str, Given>;

/// What a model computes with.
#[derive(Debug, PartialEq)]
struct Model {
    widths: [u32; 3],
    heads: [u32; 3],
    positions: u32,
    ends: Vec<u32>,
}

const EMBEDDING: [u64; 2] = [48, 40];

fn valid() -> Metadata {
    Metadata::from([
        ("general.architecture", Text("llama")),
        ("llama.context_length", Count(256)),
        ("llama.embedding_length", Count(48)),
        ("llama.block_count", Count(2)),
        ("llama.feed_forward_length", Count(80)),
        ("llama.attention.head_count", Count(4)),
        ("llama.attention.head_count_kv", Count(2)),
        ("llama.attention.layer_norm_rms_epsilon", Number(1e-5)),
        ("llama.rope.freq_base", Number(10_000.0)),
    ])
}

/// Keys that a Llama computes with, or that name its end.
const USED: [&str; 20] = [
    "llama.context_length",
    "llama.embedding_length",
    "llama.block_count",
    "llama.feed_forward_length",
    "llama.attention.head_count",
    "llama.attention.head_count_kv",
    "llama.attention.key_length",
    "llama.attention.value_length",
    "llama.attention.layer_norm_rms_epsilon",
    "llama.rope.freq_base",
    "llama.rope.dimension_count",
    "llama.rope.scaling.type",
    "llama.rope.scaling.factor",
    "llama.rope.scale_linear",
    "llama.vocab_size",
    "general.architecture",
    "tokenizer.ggml.eos_token_id",
    "tokenizer.ggml.eot_token_id",
    "tokenizer.ggml.eom_token_id",
    "split.count",
];

/// Keys with which another model is meant, and the only value with which it is not.
fn effects() -> Vec<(&'static str, Given)> {
    vec![
        ("llama.attention.clamp_kqv", Number(0.0)),
        ("llama.attention.max_alibi_bias", Number(0.0)),
        ("llama.attention.causal", Flag(true)),
        ("llama.attn_logit_softcapping", Number(0.0)),
        ("llama.final_logit_softcapping", Number(0.0)),
        ("llama.logit_scale", Number(1.0)),
        ("llama.embedding_scale", Number(1.0)),
        ("llama.residual_scale", Number(1.0)),
        ("llama.attention.scale", Number(0.0)),
        ("llama.attention.sliding_window", Count(0)),
        ("llama.rope.scaling.attn_factor", Number(1.0)),
        ("llama.use_parallel_residual", Flag(false)),
        ("llama.expert_count", Count(0)),
        ("llama.expert_used_count", Count(0)),
        ("llama.tensor_data_layout", Text("Meta AI original pth")),
        ("general.type", Text("model")),
    ]
}

/// Keys of `llama.` that no version of the format gives a meaning for this architecture: never accepted.
const UNKNOWN: [&str; 7] = [
    "llama.gizmo_scale",
    "llama.attention.layer_norm_epsilon",
    "llama.attention.sliding_window_pattern",
    "llama.rope.scaling.yarn_ext_factor",
    "llama.rope.scaling.yarn_beta_fast",
    "llama.rope.dimension_sections",
    "llama.attention.temperature_scale",
];

const HARMLESS: [&str; 6] = [
    "general.name",
    "general.file_type",
    "general.sampling.temp",
    "llama.rope.scaling.finetuned",
    "llama.rope.scaling.original_context_length",
    "quantize.imatrix.chunks_count",
];

impl Given {
    fn meta(&self) -> Meta {
        match self {
            Count(value) => count(*value),
            Signed(value) => Meta::i32(*value),
            Number(value) => number(*value),
            Flag(value) => boolean(*value),
            Text(value) => text(value),
            Counts(values) => array(
                4,
                values.len(),
                values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ),
            Numbers(values) => support::gguf::f32s(values),
        }
    }

    /// A whole number of either sign's type, for the format has both.
    fn whole(&self) -> Option<u32> {
        match self {
            Count(value) => Some(*value),
            Signed(value) => u32::try_from(*value).ok(),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Number(value) => Some(f64::from(*value)),
            Count(value) => Some(f64::from(*value)),
            Signed(value) => Some(f64::from(*value)),
            _ => None,
        }
    }
}

/// A size: `get_key`, which wants a whole number.
fn size(metadata: &Metadata, key: &str) -> Option<u32> {
    metadata.get(key)?.whole().filter(|n| *n > 0)
}

/// `get_key_or_arr` where all blocks are equal.
fn size_of_blocks(metadata: &Metadata, key: &str) -> Option<u32> {
    match metadata.get(key) {
        Some(Counts(values)) => {
            let first = *values.first()?;
            let n_blocks = size(metadata, "llama.block_count")? as usize;
            (values.len() == n_blocks && values.iter().all(|n| *n == first) && first > 0).then_some(first)
        }
        _ => size(metadata, key),
    }
}

fn or<T>(metadata: &Metadata, key: &str, default: T, read: impl Fn(&Metadata, &str) -> Option<T>) -> Option<T> {
    if metadata.contains_key(key) {
        read(metadata, key)
    } else {
        Some(default)
    }
}

fn is_plain(metadata: &Metadata) -> bool {
    let d_head = || {
        let quotient =
            size(metadata, "llama.embedding_length")? / size_of_blocks(metadata, "llama.attention.head_count")?;
        or(metadata, "llama.attention.key_length", quotient, size)
    };
    let positions = size(metadata, "llama.context_length").unwrap_or(0);
    let same = |given: &Given, neutral: &Given| {
        given == neutral || (given.number().is_some() && given.number() == neutral.number())
    };
    let neutral = |(key, neutral): &(&str, Given)| match metadata.get(key) {
        None => true,
        Some(given) if same(given, neutral) => true,
        Some(given) => match *key {
            "llama.attention.sliding_window" => given.number().is_some_and(|window| window >= f64::from(positions)),
            "llama.attention.scale" => {
                let usual = d_head().map_or(f64::NAN, |d_head| 1.0 / f64::from(d_head).sqrt());
                given.number().is_some_and(|scale| (scale - usual).abs() < 1e-6 * usual)
            }
            "llama.tensor_data_layout" => *given == Text("reference"),
            _ => false,
        },
    };
    effects().iter().all(neutral) && UNKNOWN.iter().all(|key| !metadata.contains_key(key))
}

/// What divides all frequencies.
fn divisor(metadata: &Metadata) -> Option<f64> {
    let number = |metadata: &Metadata, key: &str| metadata.get(key)?.number();
    let factor = match metadata.get("llama.rope.scaling.factor") {
        Some(given) => given.number()?,
        None => or(metadata, "llama.rope.scale_linear", 0.0, number)?,
    };
    let kind = match metadata.get("llama.rope.scaling.type") {
        None => "linear",
        Some(Text(kind)) => kind,
        Some(_) => return None,
    };
    match kind {
        "none" => Some(1.0),
        "linear" => Some(if factor == 0.0 { 1.0 } else { factor }),
        _ => None,
    }
}

/// What llama.cpp computes with; nothing where it fails, or another model is meant.
fn oracle(metadata: &Metadata) -> Option<(Model, f64, Vec<f64>)> {
    if metadata.get("general.architecture") != Some(&Text("llama")) || !is_plain(metadata) {
        return None;
    }
    if let Some(split) = metadata.get("split.count") {
        split.whole().filter(|n| *n <= 1)?;
    }
    let d_model = size(metadata, "llama.embedding_length")?;
    let n_heads = size_of_blocks(metadata, "llama.attention.head_count")?;
    let d_key = or(metadata, "llama.attention.key_length", d_model / n_heads, size)?;
    let d_value = or(metadata, "llama.attention.value_length", d_model / n_heads, size)?;
    let turned = or(metadata, "llama.rope.dimension_count", d_key, size)?;
    let vocab_size = or(metadata, "llama.vocab_size", EMBEDDING[1] as u32, size)?;
    if d_key != d_value || turned != d_key || u64::from(vocab_size) != EMBEDDING[1] {
        return None;
    }
    let mut ends = Vec::new();
    for key in ["eos", "eot", "eom"] {
        match metadata.get(format!("tokenizer.ggml.{key}_token_id").as_str()) {
            // -1 says that there is none.
            Some(given) if given.number() != Some(f64::from(u32::MAX)) => {
                ends.push(given.whole().filter(|id| *id < vocab_size)?);
            }
            _ => {}
        }
    }
    ends.sort_unstable();
    ends.dedup();
    let model = Model {
        widths: [
            d_model,
            size_of_blocks(metadata, "llama.feed_forward_length")?,
            size(metadata, "llama.block_count")?,
        ],
        heads: [
            n_heads,
            or(metadata, "llama.attention.head_count_kv", n_heads, size_of_blocks)?,
            d_key,
        ],
        positions: size(metadata, "llama.context_length")?,
        ends,
    };
    let epsilon = metadata.get("llama.attention.layer_norm_rms_epsilon")?.number()?;
    let base = or(metadata, "llama.rope.freq_base", 10_000.0, |metadata, key| {
        metadata.get(key)?.number()
    })?;
    let divisor = divisor(metadata)?;
    let pairs = 0..d_key.min(1 << 17) / 2;
    let frequencies = pairs.map(|i| base.powf(-2.0 * f64::from(i) / f64::from(d_key)) / divisor);
    Some((model, epsilon, frequencies.collect()))
}

fn value(dice: &mut Dice) -> Given {
    match dice.below(16) {
        0 => Count(0),
        1 => Count(1),
        2..=4 => Count(*dice.pick(&[2, 4, 12, 24, 48, 40, 80, 256])),
        5 => Count(*dice.pick(&[u32::MAX, 1 << 31, 1 << 20])),
        6 => Signed(*dice.pick(&[-1, i32::MIN, 2, 12])),
        7 | 8 => Number(*dice.pick(&[0.0, 1.0, 4.0, 0.5, -2.0, 1e-5, 500_000.0])),
        9 => Number(*dice.pick(&[f32::NAN, f32::INFINITY, f32::MIN_POSITIVE])),
        10 => Flag(dice.below(2) == 0),
        11 => Text(dice.pick::<&str>(&["linear", "none", "yarn", "longrope", "llama", "gpt2", "reference", ""])),
        12 | 13 => Counts(vec![*dice.pick(&[2, 4, 80]); dice.below(4)]),
        14 => Counts((0..2).map(|_| dice.below(5) as u32).collect()),
        _ => Numbers(vec![1.0; dice.below(3)]),
    }
}

fn change(metadata: &mut Metadata, dice: &mut Dice) {
    let effects = effects();
    let key = match dice.below(16) {
        0..=8 => *dice.pick(&USED),
        9 | 10 => *dice.pick(&HARMLESS),
        11 => *dice.pick(&UNKNOWN),
        _ => dice.pick(&effects).0,
    };
    if dice.below(24) == 0 {
        metadata.remove(key);
        return;
    }
    let usual: Option<Given> = match key {
        "llama.attention.key_length" | "llama.attention.value_length" | "llama.rope.dimension_count" => Some(Count(12)),
        "llama.rope.scaling.factor" | "llama.rope.scale_linear" => Some(Number(4.0)),
        "llama.rope.scaling.type" => Some(Text(dice.pick::<&str>(&["linear", "none"]))),
        "llama.vocab_size" => Some(Count(40)),
        "llama.attention.head_count" => Some(Counts(vec![4, 4])),
        "tokenizer.ggml.eos_token_id" | "tokenizer.ggml.eot_token_id" | "tokenizer.ggml.eom_token_id" => {
            Some(Count(dice.below(40) as u32))
        }
        "llama.attention.scale" => Some(Number(1.0 / 12f32.sqrt())),
        _ => effects
            .into_iter()
            .find(|(known, _)| *known == key)
            .map(|(_, neutral)| neutral),
    };
    let new = match usual {
        Some(usual) if dice.below(2) == 0 => usual,
        _ => value(dice),
    };
    metadata.insert(key, new);
}

fn file(metadata: &Metadata) -> Vec<u8> {
    let mut builder = Builder::empty().f32("token_embd.weight", &EMBEDDING, &support::noise(48 * 40));
    let entries = metadata.iter().map(|(key, value)| ((*key).to_owned(), value.meta()));
    builder.metadata = entries.collect();
    builder.build()
}

#[test]
fn every_header_is_that_of_llama_cpp_or_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("model.gguf");
    let mut dice = Dice::new(23);
    let (mut n_accepted, mut n_stretched, mut n_ended) = (0, 0, 0);
    for case in 0..12_000 {
        let mut metadata = valid();
        if dice.below(4) == 0 {
            for key in ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"] {
                metadata.insert(key, Count(dice.below(44) as u32));
            }
        }
        (0..dice.below(4)).for_each(|_| change(&mut metadata, &mut dice));
        overwrite(&path, &file(&metadata));
        let Ok(checkpoint) = Checkpoint::open(&path) else {
            continue;
        };
        let Ok(config) = LlamaConfig::from_json(checkpoint.config()) else {
            continue;
        };
        let expected = oracle(&metadata);
        let (expected, epsilon, frequencies) =
            expected.unwrap_or_else(|| panic!("case {case} must be refused: {metadata:?}"));
        let mut ends = checkpoint.end_tokens().expect("ids that were checked");
        ends.sort_unstable();
        n_ended += usize::from(ends.len() > 1);
        let got = Model {
            widths: [config.d_model, config.d_ffn, config.n_blocks].map(|n| n as u32),
            heads: [config.n_heads, config.n_kv_heads, config.d_head].map(|n| n as u32),
            positions: config.max_positions as u32,
            ends,
        };
        assert_eq!(got, expected, "case {case}: {metadata:?}");
        // Numbers are read as the decimals that were meant, which differ from f32 in the eighth digit.
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs();
        assert!(near(config.norm_eps, epsilon), "case {case}: {metadata:?}");
        let read = config.rope_frequencies();
        let all_near = read.iter().zip(&frequencies).all(|(a, b)| near(*a, *b));
        assert!(read.len() == frequencies.len() && all_near, "case {case}: {metadata:?}");
        n_accepted += 1;
        n_stretched += usize::from(config.rope_scaling.is_some());
    }
    // Enough of both that neither branch goes untested.
    assert!((4_000..10_000).contains(&n_accepted), "{n_accepted}");
    assert!(n_stretched > 100 && n_ended > 500, "{n_stretched} {n_ended}");
}

#[test]
fn keys_that_mean_another_model_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("model.gguf");
    let open = |key: &'static str, value: Given| {
        let mut metadata = valid();
        metadata.insert(key, value);
        overwrite(&path, &file(&metadata));
        Checkpoint::open(&path)
    };
    let odd = [
        Number(2.5),
        Count(7),
        Flag(true),
        Flag(false),
        Text("x"),
        Counts(vec![1]),
    ];
    for (key, neutral) in effects() {
        open(key, neutral.clone()).unwrap_or_else(|e| panic!("{key}: {e}"));
        for value in odd.iter().filter(|value| **value != neutral) {
            let error = open(key, value.clone()).expect_err(key).to_string();
            assert!(error.contains(key), "{key} {value:?}: {error}");
        }
    }
    for key in UNKNOWN {
        for value in [Number(0.0), Number(1.0), Count(0), Flag(false), Text("")] {
            let error = open(key, value).expect_err(key).to_string();
            assert!(error.contains(key), "{error}");
        }
    }
    for key in HARMLESS {
        for value in &odd {
            open(key, value.clone()).unwrap_or_else(|e| panic!("{key}: {e}"));
        }
    }
}
