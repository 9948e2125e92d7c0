//! One list of tensors: what is planned, loaded whole, loaded block by block and written by pruning has the same names.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use secateurs_data::{Checkpoint, CheckpointWriter, FloatType};
use secateurs_importance::Magnitude;
use secateurs_models::decoder::{
    ExpertLayout, ExpertsConfig, Llama, LlamaConfig, LlamaStore, planned_tensors, save_llama,
};
use secateurs_models::{Family, TensorMap};
use secateurs_prune::{BlockPlan, MaskOnly, prune_blocks};
use secateurs_tensor::{PathRules, Pattern, Scope, Sparsity};
use secateurs_testkit::device;

type Names = BTreeSet<String>;

/// Dense with a tied and an own output matrix, Mixtral, and OLMoE with norms of queries and keys.
fn shapes() -> [LlamaConfig; 4] {
    let shape = |tied_head, layout: Option<ExpertLayout>| LlamaConfig {
        d_model: 12,
        d_ffn: 8,
        n_blocks: 2,
        n_heads: 3,
        n_kv_heads: 1,
        d_head: 4,
        vocab_size: 11,
        max_positions: 16,
        norm_eps: 1e-5,
        rope_theta: 100.0,
        rope_scaling: None,
        tied_head,
        experts: layout.map(|layout| ExpertsConfig {
            n_experts: 3,
            top_k: 2,
            normalised: true,
            balance_weight: 0.01,
            layout,
        }),
    };
    [
        shape(true, None),
        shape(false, None),
        shape(false, Some(ExpertLayout::Mixtral)),
        shape(false, Some(ExpertLayout::OlMoe)),
    ]
}

fn planned(config: &LlamaConfig) -> Names {
    planned_tensors(config).into_iter().map(|tensor| tensor.name).collect()
}

/// A model of this shape with weights of burn's initialisation.
fn saved(config: &LlamaConfig, folder: &Path) -> PathBuf {
    let out = folder.join("model");
    let writer = CheckpointWriter::create(&folder.join("staging"), planned_tensors(config), FloatType::F32).unwrap();
    save_llama(config, &Llama::new(config, &device()), &writer).unwrap();
    writer
        .write_file("config.json", config.to_json().to_string().as_bytes())
        .unwrap();
    writer.finish(&out).unwrap();
    out
}

fn loaded_whole(config: &LlamaConfig, source: &Checkpoint) -> Names {
    let names = RefCell::new(Names::new());
    let read = |name: &str| {
        names.borrow_mut().insert(name.to_owned());
        Ok(source.read_f32(name)?)
    };
    let tensors = TensorMap::new(config.planned());
    tensors.fill(Llama::new(config, &device()), "", &read).unwrap();
    names.into_inner()
}

fn loaded_by_block(config: &LlamaConfig, source: &Checkpoint) -> Names {
    let names = RefCell::new(Names::new());
    let read = |name: &str| {
        names.borrow_mut().insert(name.to_owned());
        Ok(source.read_f32(name)?)
    };
    let tensors = TensorMap::new(config.planned());
    for index in 0..config.n_blocks {
        let empty = config.new_block(&device());
        tensors.fill(empty, &config.block_path(index), &read).unwrap();
    }
    let outer = config.outer_tensors().into_iter();
    outer.map(|tensor| tensor.plan.name).chain(names.into_inner()).collect()
}

fn written_by_pruning(config: &LlamaConfig, source: &Path, folder: &Path) -> Names {
    let source = Checkpoint::open(source).unwrap();
    let writer = CheckpointWriter::create(&folder.join("part"), planned_tensors(config), FloatType::F32).unwrap();
    let mut store = LlamaStore::new(source, writer, 8, device()).unwrap();
    store.copy_rest().unwrap();
    let patterns = vec![Pattern::Unstructured(Sparsity::new(0.5).unwrap()); config.n_blocks];
    let (method, rules) = (MaskOnly::new(Magnitude, Scope::PerLayer), PathRules::default());
    let plan = BlockPlan::new(&method, &patterns, &rules);
    let hidden = store.embed(&[vec![3, 1, 4, 1, 5, 9, 2, 6]]).unwrap();
    prune_blocks(&mut store, hidden, &plan, &mut |_| {}).unwrap();
    let (source, writer) = store.into_parts();
    writer.copy_metadata(&source).unwrap();
    writer.finish(&folder.join("pruned")).unwrap();
    let pruned = Checkpoint::open(&folder.join("pruned")).unwrap();
    // Refuses a tensor too many or too few.
    LlamaConfig::open(&pruned).unwrap();
    pruned.tensors().map(|tensor| tensor.name.clone()).collect()
}

fn check(config: &LlamaConfig, model: &Path, folder: &Path) {
    let planned = planned(config);
    let source = Checkpoint::open(model).unwrap();
    let stored: Names = source.tensors().map(|tensor| tensor.name.clone()).collect();
    assert_eq!(stored, planned);
    assert_eq!(loaded_whole(config, &source), planned);
    assert_eq!(loaded_by_block(config, &source), planned);
    assert_eq!(written_by_pruning(config, model, folder), planned);
}

#[test]
fn names_are_the_same_wherever_a_model_is_read_or_written() {
    for config in shapes() {
        let folder = tempfile::tempdir().unwrap();
        let model = saved(&config, folder.path());
        check(&config, &model, folder.path());
    }
}

#[test]
fn names_of_the_fixtures_are_the_planned_ones() {
    for name in ["llama-austen", "moe-austen"] {
        let folder = tempfile::tempdir().unwrap();
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name);
        let config = <LlamaConfig as Family>::open(&Checkpoint::open(&model).unwrap()).unwrap();
        check(&config, &model, folder.path());
    }
}

#[test]
fn a_parameter_that_is_not_planned_is_refused_by_path() {
    let [tied, own, ..] = shapes();
    let tensors = TensorMap::new(tied.planned());
    let read = |name: &str| {
        let planned = own.planned();
        let found = planned.iter().find(|tensor| tensor.name == name);
        Ok(vec![0.0; found.map_or(0, |tensor| tensor.n_values())])
    };
    let error = tensors.fill(Llama::new(&own, &device()), "", &read).unwrap_err();
    assert!(error.to_string().contains("lm_head.weight"), "{error}");
}
