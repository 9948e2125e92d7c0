//! Scores over whole modules, and what they refuse.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::Device;
use secateurs_importance::{
    Fisher, GradientStats, Importance, ImportanceError, LayerView, Magnitude, ModulePlan, ModuleStatistics, Random,
    Ria, Taylor, Wanda, prune_module, prune_module_with, score_module,
};
use secateurs_tensor::{PathRules, Pattern, Scope, WeightMatrix, read_weights};
use secateurs_testkit::laws;

#[derive(Module, Debug)]
struct Model {
    embed: Embedding,
    up: Linear,
    down: Linear,
}

impl Model {
    fn new(device: &Device) -> Self {
        Self {
            embed: EmbeddingConfig::new(10, 8).init(device),
            up: LinearConfig::new(8, 20).init(device),
            down: LinearConfig::new(20, 8).init(device),
        }
    }
}

fn pattern(text: &str) -> Pattern {
    text.parse().expect("a valid pattern")
}

fn norms() -> BTreeMap<String, Vec<f32>> {
    let ascending = |n: usize| (1..=n).map(|value| value as f32).collect();
    BTreeMap::from([
        ("up.weight".to_owned(), ascending(8)),
        ("down.weight".to_owned(), ascending(20)),
    ])
}

#[test]
fn counts_are_exact_in_every_scope_and_pattern() {
    let rules = PathRules::default();
    for importance in [&Magnitude as &dyn Importance, &Random::new(1)] {
        for (text, scope, expected) in [
            ("50%", Scope::PerLayer, 160),
            ("33%", Scope::PerLayer, 2 * 52),
            ("33%", Scope::PerOutput, 20 * 2 + 8 * 6),
            ("33%", Scope::Global, 105),
            ("2:4", Scope::Global, 160),
            ("0%", Scope::PerLayer, 0),
        ] {
            let model = Model::new(&secateurs_testkit::device());
            let embedding = WeightMatrix::from_linear(&model.embed.weight.val());
            let (model, masks, report) = prune_module(model, importance, pattern(text), scope, &rules).expect("pruned");
            let pruned: usize = report.layers.iter().map(|layer| layer.pruned).sum();
            assert_eq!(pruned, expected, "{} {text} {scope}", importance.name());
            let requested: usize = report.layers.iter().map(|layer| layer.requested_pruned).sum();
            assert_eq!(requested, expected, "{} {text} {scope}", importance.name());
            if scope != Scope::Global {
                let asked = pattern(text).sparsity();
                assert_eq!(
                    report.requested_sparsity(),
                    asked,
                    "as asked for, whatever the rounding"
                );
            }
            assert_eq!(masks.keys().collect::<Vec<_>>(), ["down.weight", "up.weight"]);
            for (path, weight) in read_weights(&model, &rules) {
                laws::zeros_are_positive(weight.values(), masks[&path].as_slice());
            }
            assert_eq!(WeightMatrix::from_linear(&model.embed.weight.val()), embedding);
        }
    }
}

#[test]
fn statistics_reach_their_layer() {
    let model = Model::new(&secateurs_testkit::device());
    let rules = PathRules::default();
    let statistics = ModuleStatistics {
        input_norms: norms(),
        ..ModuleStatistics::default()
    };
    let weights = read_weights(&model, &rules);
    for (path, scores) in score_module(&model, &Wanda, &rules, &statistics).expect("scored") {
        let weight = &weights
            .iter()
            .find(|(other, _)| *other == path)
            .expect("the same paths")
            .1;
        let expected = Wanda.score(&statistics.view(&path, weight)).expect("scored");
        assert_eq!(scores, expected);
    }
    let plan = ModulePlan {
        importance: &Ria::default(),
        pattern: pattern("50%"),
        scope: Scope::PerLayer,
        rules: &rules,
    };
    let (_, _, report) = prune_module_with(model, &plan, &statistics).expect("pruned");
    assert_eq!((report.method.as_str(), report.sparsity()), ("ria", 0.5));
}

#[test]
fn missing_statistics_name_the_score_and_the_layer() {
    let model = Model::new(&secateurs_testkit::device());
    let rules = PathRules::default();
    for importance in [&Wanda as &dyn Importance, &Ria::default(), &Taylor::default(), &Fisher] {
        let error = prune_module(model.clone(), importance, pattern("50%"), Scope::PerLayer, &rules)
            .expect_err("there are no statistics")
            .to_string();
        assert!(
            error.contains(importance.name()) && error.contains("up.weight"),
            "{error}"
        );
    }
}

#[test]
fn statistics_that_do_not_fit_are_refused() {
    let weight = WeightMatrix::new(vec![1.0; 6], [2, 3]).expect("the length fits");
    let layer = LayerView::of_weight("a.weight", &weight);
    let score = |norms: &[f32]| Wanda.score(&layer.with_input_norms(norms));
    assert!(matches!(
        score(&[1.0; 2]),
        Err(ImportanceError::NormCount {
            expected: 3,
            got: 2,
            ..
        })
    ));
    assert!(matches!(
        score(&[1.0, -1.0, 1.0]),
        Err(ImportanceError::BadNorm { input: 1, .. })
    ));
    assert!(matches!(
        score(&[1.0, 1.0, f32::NAN]),
        Err(ImportanceError::BadNorm { input: 2, .. })
    ));
    let stats = GradientStats::new([3, 2]);
    assert!(matches!(
        Taylor::default().score(&layer.with_gradients(&stats)),
        Err(ImportanceError::NeedsGradients { .. })
    ));
    let mut stats = GradientStats::new([3, 2]);
    stats
        .observe("a.weight", &WeightMatrix::new(vec![1.0; 6], [3, 2]).expect("fits"))
        .expect("finite");
    assert!(matches!(
        Fisher.score(&layer.with_gradients(&stats)),
        Err(ImportanceError::GradientDims { .. })
    ));
}

#[test]
fn a_module_that_cannot_be_pruned_is_refused() {
    let nothing = PathRules::new(["*.gate.*"], Vec::<String>::new()).expect("valid globs");
    let model = Model::new(&secateurs_testkit::device());
    let outcome = prune_module(model.clone(), &Magnitude, pattern("50%"), Scope::PerLayer, &nothing);
    assert!(matches!(outcome, Err(ImportanceError::NothingSelected)));
    let outcome = prune_module(
        model,
        &Magnitude,
        pattern("1:3"),
        Scope::PerLayer,
        &PathRules::default(),
    );
    assert!(matches!(outcome, Err(ImportanceError::Layer { ref path, .. }) if path == "up.weight"));
}
