//! Mixtures of experts against an f64 oracle written from the formulas, and their way through files.

mod oracle;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use secateurs_data::{Checkpoint, CheckpointWriter, FloatType};
use secateurs_models::decoder::{
    Activations, ExpertLayout, ExpertsConfig, Llama, LlamaConfig, LlamaStore, Rope, load_llama, planned_tensors,
    save_llama,
};
use secateurs_moe::{MoeError, Routing};
use secateurs_prune::BlockStore;
use secateurs_tensor::{Observer, PathRules, weight_paths};
use secateurs_testkit::device;
use secateurs_train::{Gradients, MicroBatch};

/// Mixtral, and OLMoE with gates that sum to 1 over the chosen and over all.
fn mixtures() -> [LlamaConfig; 3] {
    [
        (ExpertLayout::Mixtral, true),
        (ExpertLayout::OlMoe, true),
        (ExpertLayout::OlMoe, false),
    ]
    .map(|(layout, normalised)| LlamaConfig {
        d_model: 12,
        d_ffn: 7,
        n_blocks: 2,
        n_heads: 3,
        n_kv_heads: 1,
        d_head: 4,
        vocab_size: 11,
        max_positions: 16,
        norm_eps: 1e-5,
        rope_theta: 100.0,
        rope_scaling: None,
        tied_head: false,
        experts: Some(ExpertsConfig {
            n_experts: 5,
            top_k: 2,
            normalised,
            balance_weight: 0.01,
            layout,
        }),
    })
}

const TOKENS: [u32; 10] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 10];

type Tensors = BTreeMap<String, Vec<f32>>;

/// Weights that are the same in every run: norms around 1, matrices that keep the size of what they multiply.
fn weights(config: &LlamaConfig) -> Tensors {
    let mut state = 1u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    let planned = planned_tensors(config).into_iter();
    let tensor = |tensor: secateurs_data::PlannedTensor| {
        let n = tensor.shape.iter().product();
        let values: Vec<f32> = match tensor.shape.as_slice() {
            [_, d_input] => (0..n).map(|_| uniform() * (3.0 / *d_input as f32).sqrt()).collect(),
            _ => (0..n).map(|_| 1.0 + 0.3 * uniform()).collect(),
        };
        (tensor.name, values)
    };
    planned.map(tensor).collect()
}

/// Writes a model and returns its folder; the caller keeps the temporary folder alive.
fn written(config: &LlamaConfig, tensors: &Tensors, folder: &Path) -> PathBuf {
    let planned = planned_tensors(config).into_iter();
    let planned = planned.filter(|tensor| tensors.contains_key(&tensor.name));
    let writer = CheckpointWriter::create(&folder.join("staging"), planned.collect(), FloatType::F32).unwrap();
    for (name, values) in tensors {
        writer.write(name, values).unwrap();
    }
    finished(config, writer, &folder.join("model"))
}

fn finished(config: &LlamaConfig, writer: CheckpointWriter, out: &Path) -> PathBuf {
    let json = config.to_json().to_string();
    writer.write_file("config.json", json.as_bytes()).unwrap();
    writer.finish(out).unwrap();
    out.to_owned()
}

/// The model of these weights, through files.
fn loaded(config: &LlamaConfig, tensors: &Tensors, device: &Device) -> Llama {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = Checkpoint::open(&written(config, tensors, folder.path())).unwrap();
    let (read, llama) = load_llama(&checkpoint, device).unwrap();
    assert_eq!(read, *config);
    llama
}

fn all_tensors(folder: &Path) -> Tensors {
    let checkpoint = Checkpoint::open(folder).unwrap();
    let names = checkpoint.tensors().map(|tensor| tensor.name.clone());
    names
        .map(|name| (name.clone(), checkpoint.read_f32(&name).unwrap()))
        .collect()
}

fn token_tensor(tokens: &[u32], device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i64> = tokens.iter().map(|&t| i64::from(t)).collect();
    Tensor::from_data(TensorData::new(ids, [1, tokens.len()]), device)
}

fn losses(llama: &Llama, config: &LlamaConfig) -> Vec<f64> {
    let positions = Rope::new(config, 16, &device());
    let losses = llama.token_losses(token_tensor(&TOKENS, &device()), &positions);
    losses.into_data().iter::<f64>().collect()
}

fn assert_close(got: &[f64], expected: &[f64], config: &LlamaConfig) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() < 2e-5, "{got} against {expected}: {config:?}");
    }
}

#[test]
fn losses_equal_the_f64_oracle() {
    for config in mixtures() {
        let tensors = weights(&config);
        let expected = oracle::losses(&config, &tensors, &TOKENS, &[]);
        assert_close(
            &losses(&loaded(&config, &tensors, &device()), &config),
            &expected,
            &config,
        );
    }
}

#[test]
fn keeping_experts_is_as_if_the_others_had_no_chance() {
    for config in mixtures() {
        let tensors = weights(&config);
        let mut llama = loaded(&config, &tensors, &device());
        let expected = oracle::losses(&config, &tensors, &TOKENS, &[1, 3]);
        for block in &mut llama.model.layers {
            block.moe = block.moe.take().map(|moe| moe.keep(&[0, 2, 4]).unwrap());
        }
        assert_close(&losses(&llama, &config), &expected, &config);

        // The smaller model is a model of its own.
        let mut smaller = config.clone();
        smaller.experts.as_mut().unwrap().n_experts = 3;
        let folder = tempfile::tempdir().unwrap();
        let plan = planned_tensors(&smaller);
        let writer = CheckpointWriter::create(&folder.path().join("staging"), plan, FloatType::F32).unwrap();
        save_llama(&smaller, &llama, &writer).unwrap();
        let saved = Checkpoint::open(&finished(&smaller, writer, &folder.path().join("model"))).unwrap();
        let (_, llama) = load_llama(&saved, &device()).unwrap();
        assert_close(&losses(&llama, &smaller), &expected, &smaller);
    }
}

#[test]
fn experts_that_cannot_be_kept_are_refused() {
    let config = &mixtures()[0];
    let moe = || {
        let llama = Llama::new(config, &device());
        llama.model.layers[0].moe.clone().unwrap()
    };
    assert!(matches!(
        moe().keep(&[4]),
        Err(MoeError::TooFewLeft {
            n_removed: 4,
            n_experts: 5,
            needed: 2
        })
    ));
    assert!(moe().keep(&[0, 5]).is_err());
}

#[test]
fn a_kept_gate_can_be_trained() {
    let config = &mixtures()[0];
    let device = device().autodiff();
    let mut llama = Llama::new(config, &device);
    for block in &mut llama.model.layers {
        block.moe = block.moe.take().map(|moe| moe.keep(&[3, 1]).unwrap());
    }
    let gradients = gradients(&llama, config, Activations::Keep);
    let gate = &llama.model.layers[0].moe.as_ref().unwrap().gate.weight;
    let gradient = gradients.parameters.get::<2>(gate.id).expect("the gate has a gradient");
    assert_eq!(gradient.dims(), [12, 2]);
}

#[test]
fn names_in_files_are_those_of_hugging_face() {
    for config in mixtures() {
        let folder = tempfile::tempdir().unwrap();
        let plan = planned_tensors(&config);
        let writer = CheckpointWriter::create(&folder.path().join("staging"), plan, FloatType::F32).unwrap();
        save_llama(&config, &Llama::new(&config, &device()), &writer).unwrap();
        let out = finished(&config, writer, &folder.path().join("model"));
        let checkpoint = Checkpoint::open(&out).unwrap();
        let (expected, model_type): (&[(&str, &[usize])], _) = match config.layout().unwrap() {
            ExpertLayout::Mixtral => (
                &[
                    ("block_sparse_moe.gate", &[5, 12]),
                    ("block_sparse_moe.experts.4.w1", &[7, 12]),
                    ("block_sparse_moe.experts.4.w2", &[12, 7]),
                    ("block_sparse_moe.experts.4.w3", &[7, 12]),
                ],
                ["MixtralForCausalLM", "mixtral"],
            ),
            ExpertLayout::OlMoe => (
                &[
                    ("mlp.gate", &[5, 12]),
                    ("mlp.experts.4.gate_proj", &[7, 12]),
                    ("mlp.experts.4.up_proj", &[7, 12]),
                    ("mlp.experts.4.down_proj", &[12, 7]),
                    ("self_attn.q_norm", &[12]),
                    ("self_attn.k_norm", &[4]),
                ],
                ["OlmoeForCausalLM", "olmoe"],
            ),
        };
        for (name, shape) in expected {
            let info = checkpoint.tensor(&format!("model.layers.1.{name}.weight")).unwrap();
            assert_eq!(info.shape, *shape, "{name}");
        }
        let json = checkpoint.config();
        assert_eq!(
            [
                json["architectures"][0].as_str().unwrap(),
                json["model_type"].as_str().unwrap()
            ],
            model_type
        );
    }
}

#[test]
fn a_store_gives_blocks_back_and_writes_the_same_file() {
    for config in mixtures() {
        let tensors = weights(&config);
        let folder = tempfile::tempdir().unwrap();
        let source = Checkpoint::open(&written(&config, &tensors, folder.path())).unwrap();
        let staging = folder.path().join("copy.partial");
        let writer = CheckpointWriter::create(&staging, planned_tensors(&config), FloatType::F32).unwrap();
        let mut store = LlamaStore::new(source, writer, 8, device()).unwrap();
        store.copy_rest().unwrap();
        for index in 0..config.n_blocks {
            let block = store.load(index).unwrap();
            store.store(index, block).unwrap();
        }
        let (_, writer) = store.into_parts();
        let out = finished(&config, writer, &folder.path().join("copy"));
        assert_eq!(all_tensors(&out), tensors);
    }
}

#[test]
fn wrong_files_are_refused_with_the_problem_named() {
    for config in mixtures() {
        let refused = |config: &LlamaConfig, tensors: &Tensors| {
            let folder = tempfile::tempdir().unwrap();
            let checkpoint = Checkpoint::open(&written(config, tensors, folder.path())).unwrap();
            load_llama(&checkpoint, &device()).unwrap_err().to_string()
        };
        let tensors = weights(&config);
        let names: &[&str] = match config.layout().unwrap() {
            ExpertLayout::Mixtral => &["block_sparse_moe.gate", "block_sparse_moe.experts.3.w2"],
            ExpertLayout::OlMoe => &["mlp.gate", "mlp.experts.3.down_proj", "self_attn.k_norm"],
        };
        for name in names {
            let name = format!("model.layers.1.{name}.weight");
            let mut lacking = tensors.clone();
            lacking.remove(&name);
            let error = refused(&config, &lacking);
            assert!(error.contains(&name), "{error}");
        }

        let folder = tempfile::tempdir().unwrap();
        let out = written(&config, &tensors, folder.path());
        let mut other = config.clone();
        other.experts.as_mut().unwrap().n_experts = 4;
        std::fs::write(out.join("config.json"), other.to_json().to_string()).unwrap();
        let error = load_llama(&Checkpoint::open(&out).unwrap(), &device()).unwrap_err();
        assert!(error.to_string().contains(".gate.weight"), "{error}");

        other.experts.as_mut().unwrap().top_k = 5;
        let error = LlamaConfig::from_json(&other.to_json()).unwrap_err().to_string();
        assert!(error.contains("num_experts_per_tok is 5"), "{error}");
    }
}

const BATCH: MicroBatch = MicroBatch {
    step: 0,
    micro: 0,
    index: 0,
};

fn gradients(llama: &Llama, config: &LlamaConfig, activations: Activations) -> Gradients {
    let device = device().autodiff();
    let positions = Rope::new(config, TOKENS.len(), &device);
    let gradients = llama.gradients(token_tensor(&TOKENS, &device), &positions, activations, BATCH);
    gradients.expect("the model can be trained")
}

/// Gradients by path; experts that no token went to have none.
struct ByPath<'a> {
    gradients: &'a GradientsParams,
    path: Vec<String>,
    found: BTreeMap<String, Vec<f64>>,
}

impl ModuleVisitor for ByPath<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let values = gradient.without_autodiff().into_data().iter::<f64>().collect();
            self.found.insert(self.path.join("."), values);
        }
    }
}

fn by_path(llama: &Llama, gradients: &GradientsParams) -> BTreeMap<String, Vec<f64>> {
    let mut visitor = ByPath {
        gradients,
        path: Vec::new(),
        found: BTreeMap::new(),
    };
    llama.visit(&mut visitor);
    visitor.found
}

#[test]
fn recomputed_gradients_are_the_kept_ones() {
    for config in mixtures() {
        let llama = loaded(&config, &weights(&config), &device().autodiff());
        let [kept, recomputed] = [Activations::Keep, Activations::Recompute].map(|activations| {
            let gradients = gradients(&llama, &config, activations);
            by_path(&llama, &gradients.parameters)
        });
        assert!(kept.keys().eq(recomputed.keys()));
        assert!(kept.contains_key("model.layers.0.moe.gate.weight"));
        for (path, kept) in &kept {
            let largest = kept.iter().fold(0.0f64, |max, value| max.max(value.abs()));
            assert!(largest > 0.0, "{path}");
            for (a, b) in kept.iter().zip(&recomputed[path]) {
                assert!((a - b).abs() <= 1e-4 * largest, "{path}: {a} and {b}");
            }
        }
    }
}

#[test]
fn gradients_are_the_slopes_of_the_oracle() {
    for config in mixtures() {
        let tensors = weights(&config);
        let llama = loaded(&config, &tensors, &device().autodiff());
        let found = by_path(&llama, &gradients(&llama, &config, Activations::Keep).parameters);
        let layout = config.layout().unwrap();
        for path in found
            .keys()
            .filter(|path| path.contains(".0.moe.") || path.contains("k_norm"))
        {
            let name = layout.file_name(path);
            let gradient = &found[path];
            let largest = gradient.iter().fold(0.0f64, |max, value| max.max(value.abs()));
            let n = gradient.len();
            // Files hold linears the other way round than modules.
            let d_output = if name.ends_with("norm.weight") {
                n
            } else {
                let plan = planned_tensors(&config);
                plan.iter().find(|tensor| tensor.name == name).unwrap().shape[0]
            };
            for index in (0..n).step_by(11) {
                let d_input = n / d_output;
                let in_module = (index % d_input) * d_output + index / d_input;
                let moved = |step: f32| {
                    let mut tensors = tensors.clone();
                    let value = &mut tensors.get_mut(&name).unwrap()[index];
                    *value += step;
                    let value = f64::from(*value);
                    let losses = oracle::losses(&config, &tensors, &TOKENS, &[]);
                    (value, losses.iter().sum::<f64>() / losses.len() as f64)
                };
                let ((high, above), (low, below)) = (moved(1e-3), moved(-1e-3));
                let slope = (above - below) / (high - low);
                let got = gradient[in_module];
                assert!(
                    (got - slope).abs() <= 2e-3 * largest,
                    "{path} {index}: {got} against {slope}"
                );
            }
        }
    }
}

#[test]
fn balance_comes_with_the_losses_of_the_same_pass() {
    for config in mixtures() {
        let llama = loaded(&config, &weights(&config), &device());
        let positions = Rope::new(&config, 16, &device());
        let routed = llama.routed_losses(token_tensor(&TOKENS, &device()), &positions);
        let got: Vec<f64> = routed.losses.clone().into_data().iter::<f64>().collect();
        assert_eq!(got, losses(&llama, &config));
        assert_eq!(routed.routings.len(), config.n_blocks);
        let mut expected = 0.0;
        for routing in &routed.routings {
            let Routing::Tokens(routing) = routing else {
                panic!("Mixtral and OLMoE send tokens to experts");
            };
            assert_eq!(routing.chosen.iter().sum::<usize>(), 2 * TOKENS.len());
            let probabilities: Vec<f64> = routing.probabilities.to_data().iter::<f64>().collect();
            for (expert, &chosen) in routing.chosen.iter().enumerate() {
                let sum: f64 = probabilities.iter().skip(expert).step_by(5).sum();
                expected += 5.0 / 2.0 * sum / 10.0 * chosen as f64 / 10.0;
            }
        }
        let balance = routed.balance().unwrap().into_scalar::<f32>();
        assert!(
            (f64::from(balance) - expected).abs() < 1e-5,
            "{balance} against {expected}"
        );
    }
    let dense = LlamaConfig {
        experts: None,
        ..mixtures()[0].clone()
    };
    let llama = Llama::new(&dense, &device());
    let routed = llama.routed_losses(token_tensor(&TOKENS, &device()), &Rope::new(&dense, 16, &device()));
    assert!(routed.balance().is_none() && routed.routings.is_empty());
}

#[test]
fn gates_are_not_pruned() {
    for config in mixtures() {
        let paths = weight_paths(&Llama::new(&config, &device()), &PathRules::default());
        assert_eq!(paths.len(), 2 * (4 + 5 * 3), "{paths:?}");
        assert!(paths.contains(&"model.layers.1.moe.experts.4.down_proj.weight".to_owned()));
        let names = planned_tensors(&config).into_iter();
        let names = names.map(|tensor| config.module_path(&tensor.name));
        let selected = names.filter(|path| path.contains("_proj") && PathRules::default().selects(path));
        assert_eq!(selected.count(), paths.len());
    }
}

/// Paths and inputs in the order shown.
#[derive(Default, PartialEq, Debug)]
struct Seen(Vec<(Vec<String>, Vec<f32>, usize)>);

impl Observer for Seen {
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>) {
        let paths = paths.iter().map(|&path| path.to_owned()).collect();
        self.0
            .push((paths, inputs.to_data().try_to_vec().unwrap(), inputs.dims()[1]));
    }
}

#[test]
fn experts_are_observed_with_their_own_tokens_only() {
    for config in mixtures() {
        let llama = loaded(&config, &weights(&config), &device());
        let block = &llama.model.layers[0];
        let positions = Rope::new(&config, 2, &device());
        // Two tokens of two experts each cannot reach all five.
        let x = llama.model.embed_tokens.forward(token_tensor(&TOKENS[..2], &device()));
        let mut seen = Seen::default();
        block.forward(x.clone(), &positions, &mut seen);
        let mut without_result = Seen::default();
        block.observe(x.clone(), &positions, &mut without_result);
        assert_eq!(without_result, seen);

        let tokens = block.experts_input(x, &positions); // [2, d_model]
        let moe = block.moe.as_ref().unwrap();
        let Routing::Tokens(routing) = moe.route(tokens.clone()).unwrap() else {
            panic!("Mixtral and OLMoE send tokens to experts");
        };
        let rows: Vec<f32> = tokens.into_data().iter::<f32>().collect();
        let inputs = |path: &str| {
            let mut shown = seen.0.iter().filter(|(paths, ..)| paths.iter().any(|p| p == path));
            let first = shown.next().map(|(_, values, d_input)| (values.clone(), *d_input));
            assert!(shown.next().is_none(), "{path} is shown twice");
            first
        };
        assert_eq!(inputs("moe.gate.weight"), Some((rows.clone(), 12)));
        for expert in 0..5 {
            let path = |linear: &str| format!("moe.experts.{expert}.{linear}.weight");
            let own = routing.assignment.of_expert(expert);
            let expected: Vec<f32> = own.iter().flat_map(|&t| rows[12 * t..][..12].to_vec()).collect();
            let expected = (!own.is_empty()).then_some((expected, 12));
            assert_eq!(inputs(&path("gate_proj")), expected);
            assert_eq!(inputs(&path("up_proj")), expected);
            let shown = inputs(&path("down_proj")).map(|(values, d_input)| (values.len(), d_input));
            assert_eq!(shown, (!own.is_empty()).then_some((7 * own.len(), 7)));
        }
    }
}

#[test]
fn logits_that_are_no_numbers_give_no_numbers() {
    let config = &mixtures()[0];
    let mut block = Llama::new(config, &device()).model.layers.remove(0);
    let moe = block.moe.as_mut().unwrap();
    moe.gate.weight = Param::from_tensor(Tensor::full([12, 5], f32::INFINITY, &device()));
    let refused = moe.forward(Tensor::ones([2, 12], &device()));
    assert!(matches!(refused, Err(MoeError::Logit { .. })));
    let positions = Rope::new(config, 2, &device());
    let (out, routing) = block.forward_routed(Tensor::ones([1, 2, 12], &device()), &positions, &mut ());
    assert!(out.into_data().iter::<f32>().all(f32::is_nan));
    assert!(routing.is_none());
}
