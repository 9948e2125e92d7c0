//! The Llama against an f64 oracle written from the formulas, and its way through files.

mod oracle;

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use secateurs_data::{Checkpoint, CheckpointWriter, FloatType};
use secateurs_models::ModelError;
use secateurs_models::decoder::{Llama, LlamaConfig, LlamaStore, Rope, load_llama, planned_tensors, save_llama};
use secateurs_prune::BlockStore;
use secateurs_tensor::{Observer, PathRules, weight_paths};
use secateurs_testkit::device;

fn tiny(tied_head: bool) -> LlamaConfig {
    LlamaConfig {
        d_model: 12,
        d_ffn: 20,
        n_blocks: 2,
        n_heads: 6,
        n_kv_heads: 2,
        d_head: 4,
        vocab_size: 11,
        max_positions: 16,
        norm_eps: 1e-5,
        rope_theta: 100.0,
        rope_scaling: None,
        tied_head,
        experts: None,
    }
}

/// Writes a random model and returns its folder; the caller keeps the temporary folder alive.
fn saved(config: &LlamaConfig, folder: &std::path::Path, float_type: FloatType) -> std::path::PathBuf {
    let out = folder.join("model");
    let writer = CheckpointWriter::create(&folder.join("staging"), planned_tensors(config), float_type).unwrap();
    save_llama(config, &Llama::new(config, &device()), &writer).unwrap();
    writer
        .write_file("config.json", config.to_json().to_string().as_bytes())
        .unwrap();
    writer.finish(&out).unwrap();
    out
}

fn token_tensor(tokens: &[u32], device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i64> = tokens.iter().map(|&t| i64::from(t)).collect();
    Tensor::from_data(TensorData::new(ids, [1, tokens.len()]), device)
}

#[test]
fn losses_equal_the_f64_oracle() {
    for tied_head in [true, false] {
        let config = tiny(tied_head);
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::open(&saved(&config, folder.path(), FloatType::F32)).unwrap();
        let tensors: BTreeMap<String, Vec<f32>> = checkpoint
            .tensors()
            .map(|t| (t.name.clone(), checkpoint.read_f32(&t.name).unwrap()))
            .collect();
        let tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 10];
        let expected = oracle::losses(&config, &tensors, &tokens, &[]);
        let (_, llama) = load_llama(&checkpoint, &device()).unwrap();
        let positions = Rope::new(&config, 16, &device());
        let got = llama.token_losses(token_tensor(&tokens, &device()), &positions);
        let got = got.into_data().convert::<f32>().try_into_vec::<f32>().unwrap();
        assert_eq!(got.len(), tokens.len() - 1);
        for (got, expected) in got.iter().zip(&expected) {
            assert!(
                (f64::from(*got) - expected).abs() < 2e-5,
                "{got} against {expected}, tied head {tied_head}"
            );
        }
    }
}

#[test]
fn logits_and_losses_agree() {
    let config = tiny(true);
    let llama = Llama::new(&config, &device());
    let tokens = token_tensor(&[1, 2, 3, 4], &device());
    let positions = Rope::new(&config, 4, &device());
    let logits = llama.logits(tokens.clone(), &positions); // [1, 4, vocab]
    let log_p = burn::tensor::activation::log_softmax(logits, 2);
    let losses = llama
        .token_losses(tokens, &positions)
        .into_data()
        .convert::<f32>()
        .try_into_vec::<f32>()
        .unwrap();
    for (t, loss) in losses.iter().enumerate() {
        let target = t + 2;
        let expected = -log_p
            .clone()
            .slice([0..1, t..t + 1, target..target + 1])
            .into_scalar::<f32>();
        assert!((loss - expected).abs() < 1e-5);
    }
}

#[test]
fn prunable_paths_are_the_names_of_hugging_face() {
    let paths = weight_paths(&Llama::new(&tiny(false), &device()), &PathRules::default());
    assert_eq!(
        paths.len(),
        14,
        "seven linears a block, neither embedding nor output matrix"
    );
    assert!(paths.contains(&"model.layers.1.mlp.down_proj.weight".to_owned()));
}

/// Paths and inputs in the order shown.
#[derive(Default, PartialEq, Debug)]
struct Seen(Vec<(Vec<String>, Vec<f32>, usize)>);

impl Observer for Seen {
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>) {
        let paths = paths.iter().map(|&path| path.to_owned()).collect();
        let values = inputs.to_data().try_to_vec().unwrap();
        self.0.push((paths, values, inputs.dims()[1]));
    }
}

#[test]
fn every_linear_of_a_block_is_observed_once() {
    let config = tiny(true);
    let llama = Llama::new(&config, &device());
    let block = &llama.model.layers[0];
    let positions = Rope::new(&config, 5, &device());
    let mut seen = Seen::default();
    block.forward(Tensor::ones([1, 5, 12], &device()), &positions, &mut seen);
    let mut paths: Vec<String> = seen.0.iter().flat_map(|(paths, ..)| paths.clone()).collect();
    paths.sort();
    let mut expected = weight_paths(block, &PathRules::default());
    expected.sort();
    assert_eq!(paths, expected);
    for (paths, _, d_input) in &seen.0 {
        let expected = match paths[0].as_str() {
            "self_attn.o_proj.weight" => 24,
            "mlp.down_proj.weight" => 20,
            _ => 12,
        };
        assert_eq!(*d_input, expected, "{paths:?}");
    }
    let mut without_result = Seen::default();
    block.observe(Tensor::ones([1, 5, 12], &device()), &positions, &mut without_result);
    assert_eq!(without_result, seen);
}

#[test]
fn a_store_gives_stored_blocks_back_rounded() {
    let config = tiny(true);
    let folder = tempfile::tempdir().unwrap();
    let source = Checkpoint::open(&saved(&config, folder.path(), FloatType::F32)).unwrap();
    let staging = folder.path().join("out.partial");
    let writer = CheckpointWriter::create(&staging, planned_tensors(&config), FloatType::Bf16).unwrap();
    let mut store = LlamaStore::new(source, writer, 8, device()).unwrap();
    let dense = store.load(1).unwrap();
    let before = dense
        .clone()
        .mlp
        .expect("the model is dense")
        .up_proj
        .weight
        .val()
        .into_data()
        .try_into_vec::<f32>()
        .unwrap();
    let stored = store.store(1, dense).unwrap();
    let after = stored
        .mlp
        .expect("the model is dense")
        .up_proj
        .weight
        .val()
        .into_data()
        .try_into_vec::<f32>()
        .unwrap();
    for (a, b) in before.iter().zip(&after) {
        assert_eq!(
            (a.to_bits().wrapping_add(0x7fff + (a.to_bits() >> 16 & 1))) & 0xffff_0000,
            b.to_bits()
        );
    }
    assert!(matches!(
        store.load(2),
        Err(ModelError::BlockOutOfRange { index: 2, n_blocks: 2 })
    ));
}

#[test]
fn wrong_files_are_refused_with_the_tensor_named() {
    let config = tiny(true);
    let folder = tempfile::tempdir().unwrap();
    let out = saved(&config, folder.path(), FloatType::F32);
    let mut json = config.to_json();
    json["intermediate_size"] = 21.into();
    std::fs::write(out.join("config.json"), json.to_string()).unwrap();
    let error = load_llama(&Checkpoint::open(&out).unwrap(), &device()).unwrap_err();
    assert!(error.to_string().contains("mlp.gate_proj.weight"), "{error}");
    json["hidden_act"] = "gelu".into();
    assert!(LlamaConfig::from_json(&json).unwrap_err().to_string().contains("gelu"));
}
