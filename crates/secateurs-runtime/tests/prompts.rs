//! Laws of reading prompts.

use secateurs_data::llama::LlamaConfig;
use secateurs_runtime::{Engine, EngineConfig, LlamaWeights, Synthetic, one_billion};
use secateurs_sparse::{Group, Level, SMALL_BATCH, ValueType, VectorType};

/// Half of the weights are zero; three query heads share a key head.
fn engine(values: ValueType, config: EngineConfig) -> Engine {
    let shape = LlamaConfig {
        d_model: 72,
        d_ffn: 100,
        n_blocks: 2,
        n_heads: 6,
        n_kv_heads: 2,
        d_head: 12,
        vocab_size: 90,
        ..one_billion()
    };
    let synthetic = Synthetic {
        sparsity: 0.5,
        values,
        head: ValueType::F16,
        seed: 5,
    };
    let weights = LlamaWeights::synthetic(shape, &synthetic, &mut |_, _| {}).expect("a model");
    Engine::new(weights, config).expect("starts")
}

fn tokens(n: usize) -> Vec<u32> {
    (0..n).map(|index| (index * 37 % 90) as u32).collect()
}

/// Logits after a prompt that is given in parts.
fn read(engine: &Engine, tokens: &[u32], parts: &[usize]) -> Vec<f32> {
    let mut cache = engine.cache(VectorType::F16);
    let (mut rest, mut logits) = (tokens, Vec::new());
    for part in parts {
        let (now, later) = rest.split_at(*part);
        logits = engine.prefill(&mut cache, now).expect("runs");
        rest = later;
    }
    assert!(rest.is_empty());
    logits
}

/// One after the other, as tokens are generated.
fn decode(engine: &Engine, tokens: &[u32]) -> Vec<f32> {
    let mut caches = [engine.cache(VectorType::F16)];
    let mut logits = Vec::new();
    for token in tokens {
        logits = engine.decode(&mut caches, &[*token]).expect("runs");
    }
    logits
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The largest difference, relative to the largest logit.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    let largest = a.iter().fold(0.0f32, |largest, a| largest.max(a.abs()));
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max) / largest
}

#[test]
fn prompts_have_the_same_bits_on_every_processor() {
    for values in [ValueType::F32, ValueType::F16, ValueType::Int8(Group::USUAL)] {
        let tokens = tokens(100);
        let expected = read(&engine(values, EngineConfig::default()), &tokens, &[100]);
        for level in Level::available() {
            for n_threads in [1, 3] {
                let engine = engine(values, EngineConfig { n_threads, level });
                assert_eq!(
                    bits(&read(&engine, &tokens, &[100])),
                    bits(&expected),
                    "{level} {n_threads}"
                );
            }
        }
    }
}

/// Parts of more than `SMALL_BATCH` tokens: the same bits, wherever the cuts are.
#[test]
fn cuts_between_long_parts_do_not_show() {
    let engine = engine(ValueType::F16, EngineConfig::default());
    let tokens = tokens(600);
    let expected = bits(&read(&engine, &tokens, &[600]));
    for parts in [&[17, 583][..], &[300, 300], &[512, 88], &[33, 50, 200, 317]] {
        assert_eq!(bits(&read(&engine, &tokens, parts)), expected, "{parts:?}");
    }
}

/// Up to `SMALL_BATCH` tokens are read to the bit as they are generated, longer parts up to roundings.
#[test]
fn reading_is_generating_up_to_roundings() {
    for values in [ValueType::F32, ValueType::F16, ValueType::Int8(Group::USUAL)] {
        let engine = engine(values, EngineConfig::default());
        let tokens = tokens(60);
        for n_tokens in [1, 2, 15, SMALL_BATCH] {
            let tokens = &tokens[..n_tokens];
            assert_eq!(
                bits(&read(&engine, tokens, &[n_tokens])),
                bits(&decode(&engine, tokens))
            );
        }
        for n_tokens in [SMALL_BATCH + 1, 32, 33, 60] {
            let tokens = &tokens[..n_tokens];
            let difference = difference(&read(&engine, tokens, &[n_tokens]), &decode(&engine, tokens));
            // Keys and values are rounded to 11 bits.
            assert!(difference < 2e-3, "{difference} after {n_tokens} tokens");
        }
    }
}
