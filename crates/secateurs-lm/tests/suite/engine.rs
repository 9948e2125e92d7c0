//! The engine beside the burn model, on the fixture.

use std::path::Path;

use burn::tensor::{Int, Tensor, TensorData};
use secateurs_data::Checkpoint;
use secateurs_lm::{FormatChoice, Overwrite, PackConfig, pack_checkpoint};
use secateurs_models::decoder::{Rope, load_llama};
use secateurs_runtime::{Engine, EngineConfig, LlamaWeights};
use secateurs_sparse::{Group, ValueType, VectorType};

fn fixture() -> Checkpoint {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/llama-austen");
    Checkpoint::open(&path).expect("the fixture is there")
}

fn tokens() -> Vec<u32> {
    (0..100).map(|index| index * 37 % 900).collect()
}

/// `[100, vocab_size]`
fn logits_of_burn(checkpoint: &Checkpoint) -> Vec<f32> {
    let device = secateurs_testkit::device();
    let (config, llama) = load_llama(checkpoint, &device).expect("the fixture loads");
    let ids: Vec<i64> = tokens().into_iter().map(i64::from).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, 100]), &device);
    let logits = llama.logits(ids, &Rope::new(&config, 100, &device));
    logits.into_data().try_to_vec().expect("logits are f32")
}

/// Logits after the first 60 tokens at once and the rest one by one, `[41, vocab_size]`.
fn logits_of_engine(checkpoint: &Checkpoint, cache: VectorType) -> Vec<f32> {
    let weights = LlamaWeights::load(checkpoint, ValueType::F32).expect("the weights load");
    let engine = Engine::new(weights, EngineConfig::default()).expect("the engine starts");
    let mut caches = [engine.cache(cache)];
    let mut logits = engine.prefill(&mut caches[0], &tokens()[..60]).expect("runs");
    for token in &tokens()[60..] {
        logits.extend(engine.decode(&mut caches, &[*token]).expect("runs"));
    }
    logits
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |largest, (a, b)| (a - b).abs().max(largest))
}

#[test]
fn logits_are_those_of_the_burn_model() {
    let checkpoint = fixture();
    let burn = logits_of_burn(&checkpoint);
    let vocab_size = burn.len() / 100;
    let expected = &burn[59 * vocab_size..];
    let spread = expected.iter().fold(0.0f32, |largest, logit| logit.abs().max(largest));
    // Two orders of summation of some hundred products in f32.
    let exact = largest_difference(&logits_of_engine(&checkpoint, VectorType::F32), expected);
    assert!(exact < 1e-5 * spread, "{exact} of {spread}");
    // Keys and values with 11 bits.
    let halves = largest_difference(&logits_of_engine(&checkpoint, VectorType::F16), expected);
    assert!(halves < 3e-3 * spread, "{halves} of {spread}");
}

#[test]
fn packed_models_compute_what_they_store() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let checkpoint = fixture();
    let burn = logits_of_burn(&checkpoint);
    let vocab_size = burn.len() / 100;
    let expected = &burn[59 * vocab_size..];
    let spread = expected.iter().fold(0.0f32, |largest, logit| logit.abs().max(largest));
    // Largest error of the logits: rounding of weights, 24, 11, 8 and about 7 bits.
    let cases = [
        (ValueType::F32, 1e-5),
        (ValueType::F16, 3e-3),
        (ValueType::Bf16, 3e-2),
        (ValueType::Int8(Group::USUAL), 6e-2),
    ];
    for (index, (values, bound)) in cases.into_iter().enumerate() {
        let out = folder.path().join(index.to_string());
        let config = PackConfig {
            values,
            head: values,
            format: FormatChoice::BySparsity,
            ..PackConfig::default()
        };
        pack_checkpoint(checkpoint.path(), &out, &config, Overwrite::Never, &mut |_, _| {}).expect("packs");
        let packed = Checkpoint::open(&out).expect("the output is a model");
        let error = largest_difference(&logits_of_engine(&packed, VectorType::F32), expected);
        assert!(error < bound * spread, "{values}: {error} of {spread}");
    }
}
