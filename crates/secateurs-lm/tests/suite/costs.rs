//! Costs in reports, counted by hand on models of a few numbers.

use std::path::Path;

use secateurs_data::FloatType;
use secateurs_lm::{
    Calibration, ExpertJob, ExpertMethod, ExpertPlan, Method, Overwrite, PruneJob, Recipe, TextCalibration, Training,
    prune_checkpoint, prune_experts,
};
use secateurs_tensor::{Cost, CostChange, Pattern, Sparsity, UnitKind, UnitReport};
use serde_json::{Value, json};

use crate::tiny::{VOCAB, write_mixture, write_model};

fn cost(parameters: u64, macs: u64, bytes: u64) -> Cost {
    Cost {
        parameters,
        macs: Some(macs),
        bytes: Some(bytes),
        latency: None,
    }
}

fn report(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("it is there");
    serde_json::from_str(&text).expect("it is JSON")
}

/// Queries and outputs are 16x16, keys and values 8x16.
const ATTENTION: u64 = 2 * 256 + 2 * 128;
/// Three matrices of 24x16.
const SWIGLU: u64 = 3 * 384;
const TABLE: u64 = VOCAB as u64 * 16;
/// Two norms in each of two blocks and one at the end.
const NORMS: u64 = 5 * 16;

#[test]
fn pruning_leaves_parameters_and_changes_bytes_with_the_number_format() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (model, text) = (folder.path().join("model"), folder.path().join("text.txt"));
    write_model(&model, |_, _| {});
    std::fs::write(&text, "w1 w2 w3 w4 ".repeat(100)).expect("it can be written");
    let macs = 2 * (ATTENTION + SWIGLU) + TABLE;
    let parameters = macs + TABLE + NORMS;
    for method in [Method::Magnitude, Method::Elsa] {
        let mut recipe = Recipe::new(method, "50%".parse::<Pattern>().expect("a pattern"));
        recipe.dtype = FloatType::F16;
        recipe.training = method.trains_model().then(|| Training {
            texts: vec![text.clone()],
            window: Some(16),
            batch_size: Some(2),
            steps: Some(2),
            ..Training::default()
        });
        let out = folder.path().join(method.name());
        let job = PruneJob {
            model: &model,
            out: &out,
            recipe: &recipe,
            overwrite: Overwrite::Never,
            device: &secateurs_testkit::device(),
        };
        let outcome = prune_checkpoint(&job, &mut |_| {}).expect("it can be pruned");
        let expected = CostChange {
            before: cost(parameters, macs, 4 * parameters),
            after: cost(parameters, macs, 2 * parameters),
        };
        assert_eq!(outcome.report.cost, Some(expected), "{method}");
        assert_eq!(report(&out.join("report.json"))["cost"], json!(expected));
    }
}

#[test]
fn removed_experts_are_counted_in_the_files() {
    const EXPERTS: u64 = 4;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (model, text) = (folder.path().join("mixture"), folder.path().join("text.txt"));
    write_mixture(&model);
    std::fs::write(&text, "w1 w2 w3 w4 ".repeat(100)).expect("it can be written");
    let calibration = Calibration::Text(TextCalibration {
        text,
        window: 16,
        windows: 2,
        skip: 0,
    });
    // Every expert is a SwiGLU layer and a row of the router.
    let parameters = |n: u64| 2 * (ATTENTION + n * (SWIGLU + 16)) + 2 * TABLE + NORMS;
    let macs = |n: u64| 2 * (ATTENTION + n * 16 + 2 * SWIGLU) + TABLE;
    for (method, left) in [(ExpertMethod::Frequency, 3), (ExpertMethod::MoePruner, EXPERTS)] {
        let out = folder.path().join(method.name());
        let job = ExpertJob {
            model: &model,
            out: &out,
            plan: ExpertPlan {
                method,
                share: Sparsity::new(0.25).expect("a share"),
                seed: 0,
            },
            calibration: &calibration,
            dtype: FloatType::F32,
            overwrite: Overwrite::Never,
            device: &secateurs_testkit::device(),
        };
        let outcome = prune_experts(&job, &mut |_, _| {}).expect("experts can be removed");
        let expected = CostChange {
            before: cost(parameters(EXPERTS), macs(EXPERTS), 4 * parameters(EXPERTS)),
            after: cost(parameters(left), macs(left), 4 * parameters(left)),
        };
        assert_eq!(outcome.report.cost, Some(expected), "{method}");
        let unit = |block: usize| UnitReport {
            kind: UnitKind::Expert,
            path: format!("model.layers.{block}.moe"),
            before: EXPERTS as usize,
            requested: left as usize,
            after: left as usize,
        };
        assert_eq!(outcome.report.units, [unit(0), unit(1)], "{method}");
        let stored = report(&out.join("experts.json"));
        assert_eq!(
            (&stored["cost"], &stored["units"]),
            (&json!(expected), &json!([unit(0), unit(1)]))
        );
    }
}
