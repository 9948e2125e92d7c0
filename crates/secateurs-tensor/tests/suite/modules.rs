//! `PathRules`, `weight_paths`, `read_weights`.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, LinearLayout};
use burn::tensor::Device;
use secateurs_tensor::{
    KeepMask, MaskSet, PathRules, TensorError, WeightMatrix, attach_masks, read_weights, weight_paths,
};
use secateurs_testkit::device;

#[derive(Module, Debug)]
struct Block {
    up_proj: Linear,
    down_proj: Linear,
    input_norm: LayerNorm,
}

#[derive(Module, Debug)]
struct Model {
    embed_tokens: Embedding,
    stem: Conv2d,
    layers: Vec<Block>,
    lm_head: Option<Linear>,
}

fn model(device: &Device) -> Model {
    let block = || Block {
        up_proj: LinearConfig::new(4, 6).init(device),
        down_proj: LinearConfig::new(6, 4).with_layout(LinearLayout::Col).init(device),
        input_norm: LayerNormConfig::new(4).init(device),
    };
    Model {
        embed_tokens: EmbeddingConfig::new(10, 4).init(device),
        stem: Conv2dConfig::new([3, 4], [2, 2]).init(device),
        layers: vec![block(), block()],
        lm_head: Some(LinearConfig::new(4, 10).init(device)),
    }
}

const WEIGHTS: [&str; 5] = [
    "stem.weight",
    "layers.0.up_proj.weight",
    "layers.0.down_proj.weight",
    "layers.1.up_proj.weight",
    "layers.1.down_proj.weight",
];

#[test]
fn default_rules_leave_out_what_pruning_leaves_alone() {
    let rules = PathRules::default();
    for path in WEIGHTS.into_iter().chain([
        "model.layers.3.self_attn.q_proj.weight",
        "model.layers.3.moe.experts.0.gate_proj.weight",
        "fc.weight",
        "head.weight",
    ]) {
        assert!(rules.selects(path), "{path}");
    }
    for path in [
        "embed_tokens.weight",
        "token_embedding.weight",
        "model.embed_tokens.weight",
        "layers.0.input_norm.gamma",
        "norm.weight",
        "lm_head.weight",
        "lm_head",
        "model.lm_head.weight",
        "model.layers.0.moe.gate.weight",
        "layers.0.up_proj.bias",
        "bias",
    ] {
        assert!(!rules.selects(path), "{path}");
    }
}

#[test]
fn weights_are_listed_in_order() {
    let model = model(&device());
    assert_eq!(weight_paths(&model, &PathRules::default()), WEIGHTS);
    let rules = PathRules::new(["layers.1.*"], ["*.up_proj.*"]).unwrap();
    assert_eq!(weight_paths(&model, &rules), ["layers.1.down_proj.weight"]);
    let everything = PathRules::new(["*"], Vec::<String>::new()).unwrap();
    assert_eq!(weight_paths(&model, &everything).len(), 7);
    assert!(weight_paths(&model, &PathRules::new(["conv*"], [""; 0]).unwrap()).is_empty());
}

#[test]
fn weights_are_canonical_in_either_layout() {
    let model = model(&device());
    let weights = read_weights(&model, &PathRules::default());
    let paths: Vec<&str> = weights.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, WEIGHTS);
    let dims: Vec<[usize; 2]> = weights.iter().map(|(_, weight)| weight.dims()).collect();
    assert_eq!(dims[..3], [[4, 12], [6, 4], [4, 6]]);
    assert_eq!(weights[0].1, WeightMatrix::from_conv2d(&model.stem.weight.val()));
    assert_eq!(
        weights[2].1,
        WeightMatrix::from_linear(&model.layers[0].down_proj.weight.val())
    );
}

#[test]
fn attached_masks_show_in_the_weights_and_not_in_the_paths() {
    let model = model(&device());
    let dense = read_weights(&model, &PathRules::default());
    let keep: Vec<bool> = (0..24).map(|index| index % 5 != 0).collect();
    let mask = KeepMask::new(keep, [4, 6]).unwrap();
    let masks = MaskSet::from([(WEIGHTS[4].to_owned(), mask.clone())]);
    let masked = attach_masks(model, &masks).unwrap();
    assert_eq!(weight_paths(&masked, &PathRules::default()), WEIGHTS);

    let mut expected = dense;
    mask.apply(&mut expected[4].1).unwrap();
    assert_eq!(read_weights(&masked, &PathRules::default()), expected);
}

#[test]
fn rules_round_trip_and_refuse_bad_globs() {
    let rules = PathRules::new(["layers.*"], ["*.k_proj.*"]).unwrap();
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(json, r#"{"include":["layers.*"],"exclude":["*.k_proj.*"]}"#);
    assert_eq!(serde_json::from_str::<PathRules>(&json).unwrap(), rules);
    assert_eq!(serde_json::from_str::<PathRules>("{}").unwrap(), PathRules::default());
    assert_eq!(PathRules::default().include(), ["*"]);
    assert_eq!(rules.exclude(), ["*.k_proj.*"]);

    let error = PathRules::new(["ok", "layers.[0"], [""; 0]).unwrap_err();
    assert!(
        matches!(&error, TensorError::BadGlob { glob, .. } if glob == "layers.[0"),
        "{error}"
    );
    assert!(serde_json::from_str::<PathRules>(r#"{"exclude":["{a"]}"#).is_err());
    assert!(serde_json::from_str::<PathRules>(r#"{"includes":["*"]}"#).is_err());
}
