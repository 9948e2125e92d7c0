//! What must hold of every score, applied to all of this crate.

use proptest::prelude::*;
use secateurs_importance::{
    Fisher, GradientStats, Importance, LayerView, Magnitude, Random, Result, Ria, Taylor, TaylorGradient,
    UnitImportance, Wanda, WandaPlusPlus,
};
use secateurs_tensor::{
    GradientNeed, InputNeed, Pattern, Scope, Scores, UnitScores, WeightMatrix, keep_largest, keep_units, select,
};
use secateurs_testkit::laws::{self, ChosenUnits, Evidence, WeightScore};

/// Every score of the crate.
fn importances() -> Vec<Box<dyn Importance>> {
    vec![
        Box::new(Random::new(5)),
        Box::new(Magnitude),
        Box::new(Wanda),
        Box::new(Ria::default()),
        Box::new(WandaPlusPlus::default()),
        Box::new(Taylor::default()),
        Box::new(Taylor {
            gradient: TaylorGradient::MeanAbsolute,
        }),
        Box::new(Fisher),
    ]
}

fn score(importance: &dyn Importance, evidence: &Evidence) -> Result<Vec<f32>> {
    let matrix = |values: &[f32]| WeightMatrix::new(values.to_vec(), evidence.dims).expect("the length fits");
    let weight = matrix(&evidence.weights);
    let mut view = LayerView::of_weight("layers.0.weight", &weight);
    view.input_norms = evidence.input_norms.as_deref();
    let mut stats = GradientStats::new(evidence.dims);
    for sample in evidence.gradients.iter().flatten() {
        stats.observe("layers.0.weight", &matrix(sample))?;
    }
    view.gradients = evidence.gradients.as_ref().map(|_| &stats);
    Ok(importance.score(&view)?.values().to_vec())
}

fn check(evidence: &Evidence) {
    for importance in importances() {
        let needs = importance.needs();
        let law = WeightScore {
            name: importance.name(),
            needs_norms: needs.inputs == InputNeed::Norms,
            needs_gradients: needs.gradients != GradientNeed::None,
            score: &|evidence| score(importance.as_ref(), evidence).map_err(|error| error.to_string()),
            select: &|scores, n_pruned| keep_largest(scores, n_pruned).expect("scores hold no NaN"),
        };
        laws::scores_weights(&law, evidence);
    }
}

/// Numbers among which many are equal and some are zero.
fn value() -> impl Strategy<Value = f32> {
    prop_oneof![3 => -8.0_f32..8.0, 1 => Just(0.0), 1 => Just(-0.0), 2 => (-2_i8..3).prop_map(f32::from)]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let matrix = |n| prop::collection::vec(value(), n);
    (1_usize..6, 1_usize..7).prop_flat_map(move |(d_output, d_input)| {
        let n = d_output * d_input;
        let norms = prop::collection::vec(value().prop_map(f32::abs), d_input);
        let gradients = prop::collection::vec(matrix(n), 1..4);
        (matrix(n), norms, gradients).prop_map(move |(weights, norms, gradients)| Evidence {
            weights,
            dims: [d_output, d_input],
            input_norms: Some(norms),
            gradients: Some(gradients),
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_score_obeys_the_laws(evidence in evidence()) {
        check(&evidence);
    }

    #[test]
    fn every_score_gives_exact_counts_in_every_pattern(evidence in evidence(), percent in 0_u32..100) {
        let dims = evidence.dims;
        for importance in importances() {
            let values = score(importance.as_ref(), &evidence).expect("complete evidence");
            let scores = Scores::new(values, dims).expect("one per weight");
            let pattern: Pattern = format!("{percent}%").parse().expect("valid");
            let layer = select(&scores, pattern, Scope::PerLayer).expect("selected");
            prop_assert_eq!(layer.n_pruned(), pattern.pruned_count(dims));
            let output = select(&scores, pattern, Scope::PerOutput).expect("selected");
            prop_assert_eq!(output.n_pruned(), dims[0] * pattern.pruned_count([1, dims[1]]));
        }
    }

    #[test]
    fn a_score_of_units_obeys_the_laws(counts in prop::collection::vec(0_u32..4, 0..12)) {
        let select = |scores: &[f64], n_removed: usize, floor: usize| {
            let kept = keep_units(&UnitScores::new(scores.to_vec()).expect("no NaN"), n_removed, floor);
            ChosenUnits { is_clipped: kept.is_clipped(), kept: kept.into_indices() }
        };
        let boxed: Box<dyn UnitImportance<Evidence = [u32]>> = Box::new(Frequency);
        let score = || boxed.score(&counts).expect("counts are numbers").values().to_vec();
        laws::scores_units(counts.len(), score, select);
    }
}

/// A score of units of a crate downstream.
struct Frequency;

impl UnitImportance for Frequency {
    type Evidence = [u32];

    fn name(&self) -> &str {
        "frequency"
    }

    fn score(&self, counts: &[u32]) -> Result<UnitScores> {
        Ok(UnitScores::new(counts.iter().map(|count| f64::from(*count)).collect())?)
    }
}

/// The laws can fail: each of these scores breaks one.
#[test]
fn the_laws_catch_scores_that_break_them() {
    let evidence = Evidence {
        weights: vec![1.0, -2.0, 3.0, 4.0],
        dims: [2, 2],
        input_norms: Some(vec![1.0, 2.0]),
        gradients: Some(vec![vec![0.5, -1.0, 2.0, 0.0]]),
    };
    let breaks = |score: &dyn Fn(&Evidence) -> std::result::Result<Vec<f32>, String>| {
        let law = WeightScore {
            name: "broken",
            needs_norms: false,
            needs_gradients: false,
            score,
            select: &|scores, n_pruned| keep_largest(scores, n_pruned).expect("scores hold no NaN"),
        };
        let run = || laws::scores_weights(&law, &evidence);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
    };
    let magnitude = |evidence: &Evidence| evidence.weights.iter().map(|weight| weight.abs()).collect::<Vec<_>>();
    let checked = |evidence: &Evidence| match evidence.weights.iter().any(|weight| weight.is_nan()) {
        true => Err("a weight is NaN".to_owned()),
        false => Ok(magnitude(evidence)),
    };
    assert!(!breaks(&checked));
    assert!(breaks(&|evidence| Ok(magnitude(evidence))), "it scores NaN");
    assert!(
        breaks(&|evidence| checked(evidence).map(|scores| scores[1..].to_vec())),
        "one score too few"
    );
    assert!(
        breaks(&|evidence| checked(evidence).map(|scores| scores.iter().map(|s| s / 0.0).collect())),
        "infinite"
    );
    let listens = |evidence: &Evidence| {
        let factor = evidence.input_norms.as_ref().map_or(1.0, |norms| norms[0]);
        checked(evidence).map(|scores| scores.iter().map(|score| score * factor * 3.0).collect())
    };
    assert!(breaks(&listens), "it uses norms without asking for them");
    let calls = std::cell::Cell::new(0.0);
    let drifts = |evidence: &Evidence| {
        calls.set(calls.get() + 1.0);
        checked(evidence).map(|scores| scores.iter().map(|score| score + calls.get()).collect())
    };
    assert!(breaks(&drifts), "it differs from itself");
}
