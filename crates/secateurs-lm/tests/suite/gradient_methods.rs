//! Methods whose scores are made of gradients of the loss, against derivatives by finite differences.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::tensor::{Int, Tensor, TensorData};
use secateurs_data::Checkpoint;
use secateurs_lm::{Calibration, Method, Overwrite, PruneJob, Recipe, TextCalibration, prune_checkpoint};
use secateurs_models::decoder::{Llama, Rope, load_llama};
use secateurs_tensor::{PathRules, WeightMatrix, read_weights, replace_weights};
use secateurs_testkit::device;

use crate::tiny::{VOCAB, write_model};

const WINDOW: usize = 12;
const WINDOWS: usize = 3;
const STEP: f32 = 2e-2;
/// A matrix in the middle of the model and one at its end.
const CHECKED: [&str; 2] = [
    "model.layers.0.mlp.down_proj.weight",
    "model.layers.1.self_attn.v_proj.weight",
];

fn word(index: usize) -> usize {
    (index * index + 3 * index) % VOCAB
}

/// Mean loss of each calibration sequence.
fn losses(llama: &Llama, positions: &Rope) -> Vec<f64> {
    let of_window = |window: usize| {
        let ids: Vec<i64> = (window * WINDOW..(window + 1) * WINDOW)
            .map(|index| word(index) as i64)
            .collect();
        let tokens = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, WINDOW]), &device());
        let losses: Vec<f64> = llama.token_losses(tokens, positions).into_data().iter().collect();
        losses.iter().sum::<f64>() / losses.len() as f64
    };
    (0..WINDOWS).map(of_window).collect()
}

/// Derivatives of each sequence's loss by each weight of a matrix, `[weight][sequence]`.
fn differences(llama: &Llama, positions: &Rope, path: &str, weight: &WeightMatrix) -> Vec<Vec<f64>> {
    let moved = |index: usize, by: f32| {
        let mut weight = weight.clone();
        weight.values_mut()[index] += by;
        let weights = BTreeMap::from([(path.to_owned(), weight)]);
        losses(&replace_weights(llama.clone(), weights).expect("it fits"), positions)
    };
    let of_weight = |index: usize| {
        let (above, below) = (moved(index, STEP), moved(index, -STEP));
        let pairs = above.iter().zip(&below);
        pairs
            .map(|(above, below)| (above - below) / f64::from(2.0 * STEP))
            .collect()
    };
    (0..weight.len()).map(of_weight).collect()
}

/// `|w mean(g)|` and `w^2 mean(g^2) / 2`.
fn score(method: Method, weight: f32, gradients: &[f64]) -> f64 {
    let n = gradients.len() as f64;
    let weight = f64::from(weight);
    match method {
        Method::Taylor => (weight * gradients.iter().sum::<f64>() / n).abs(),
        _ => weight * weight * gradients.iter().map(|g| g * g).sum::<f64>() / n / 2.0,
    }
}

fn prune(folder: &Path, method: Method) -> Checkpoint {
    let mut recipe = Recipe::new(method, "50%".parse().expect("a pattern"));
    recipe.calibration = Some(Calibration::Text(TextCalibration {
        text: folder.join("text.txt"),
        window: WINDOW,
        windows: WINDOWS,
        skip: 0,
    }));
    let out = folder.join(method.name());
    let job = PruneJob {
        model: &folder.join("model"),
        out: &out,
        recipe: &recipe,
        overwrite: Overwrite::Never,
        device: &device(),
    };
    let outcome = prune_checkpoint(&job, &mut |_| {}).expect("the model is pruned");
    assert_eq!(outcome.report.sparsity(), 0.5, "{method}");
    Checkpoint::open(&out).expect("the output is a model")
}

#[test]
fn the_weights_that_matter_least_to_the_loss_go() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    write_model(&folder.path().join("model"), |_, _| {});
    let words: Vec<String> = (0..WINDOW * WINDOWS).map(|index| format!("w{}", word(index))).collect();
    fs::write(folder.path().join("text.txt"), words.join(" ")).expect("it can be written");
    let source = Checkpoint::open(&folder.path().join("model")).expect("it is a model");
    let (config, llama) = load_llama(&source, &device()).expect("it is a Llama");
    let positions = Rope::new(&config, WINDOW, &device());
    let weights: BTreeMap<_, _> = read_weights(&llama, &PathRules::default()).into_iter().collect();
    let pruned = [Method::Taylor, Method::Fisher].map(|method| (method, prune(folder.path(), method)));
    for path in CHECKED {
        let weight = &weights[path];
        let gradients = differences(&llama, &positions, path, weight);
        for (method, pruned) in &pruned {
            let pairs = weight.values().iter().zip(&gradients);
            let scores: Vec<f64> = pairs
                .map(|(weight, of_weight)| score(*method, *weight, of_weight))
                .collect();
            let mut sorted = scores.clone();
            sorted.sort_by(f64::total_cmp);
            let cut = sorted[sorted.len() / 2];
            let kept = pruned.read_f32(path).expect("the tensor is there");
            // Differences are good to some percent, so what lies close to the cut may fall on either side.
            let clear = |index: &usize| (scores[*index] / cut - 1.0).abs() > 0.1;
            let clear: Vec<usize> = (0..scores.len()).filter(clear).collect();
            assert!(
                clear.len() > scores.len() * 4 / 5,
                "{method} {path}: {} are clear",
                clear.len()
            );
            let wrong = clear
                .iter()
                .filter(|&&index| (kept[index] != 0.0) != (scores[index] > cut))
                .count();
            assert_eq!(wrong, 0, "{method} {path}");
        }
    }
}
