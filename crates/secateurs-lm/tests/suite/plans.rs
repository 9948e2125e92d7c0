//! Plans that cannot end well: refused before a file is made and before a weight is read.

use std::fs;
use std::path::Path;

use secateurs_data::{Checkpoint, FloatType};
use secateurs_lm::{
    AllocationRecipe, Calibration, ExpertJob, ExpertMethod, ExpertPlan, Method, Overwrite, PruneJob, PruneJobError,
    Recipe, TextCalibration, TraceCalibration, TracePart, Training, prune_checkpoint, prune_experts,
};
use secateurs_prune::Safe;
use secateurs_tensor::{PathRules, Pattern, Scope, Sparsity};
use tempfile::TempDir;

use crate::tiny::{VOCAB, write_model};

/// A folder with the model `broken`. One of its weights is NaN, so that a read of the weights is an error.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    write_model(&folder.path().join("broken"), |name, values| {
        if name == "model.norm.weight" {
            values[0] = f32::NAN;
        }
    });
    let words: Vec<String> = (0..4000).map(|word| format!("w{}", word % VOCAB)).collect();
    fs::write(folder.path().join("text.txt"), words.join(" ")).expect("it can be written");
    folder
}

fn calibration(folder: &Path) -> Calibration {
    Calibration::Text(TextCalibration {
        text: folder.join("text.txt"),
        window: 16,
        windows: 2,
        skip: 0,
    })
}

fn recipe(folder: &Path, method: Method, pattern: &str) -> Recipe {
    let mut recipe = Recipe::new(method, pattern.parse::<Pattern>().expect("a pattern"));
    recipe.calibration = method.needs_calibration().then(|| calibration(folder));
    recipe.training = method.trains_model().then(|| Training {
        texts: vec![folder.join("text.txt")],
        window: Some(16),
        batch_size: Some(2),
        steps: Some(2),
        ..Training::default()
    });
    recipe
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("it can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

fn prune(folder: &Path, recipe: &Recipe) -> Result<(), PruneJobError> {
    let job = PruneJob {
        model: &folder.join("broken"),
        out: &folder.join("out"),
        recipe,
        overwrite: Overwrite::Never,
        device: &secateurs_testkit::device(),
    };
    prune_checkpoint(&job, &mut |_| panic!("a step was taken")).map(drop)
}

/// A change that makes a good recipe of a method a bad one, and a part of the error.
type Spoiling = (Method, &'static str, fn(&mut Recipe), &'static str);

fn training(recipe: &mut Recipe) -> &mut Training {
    recipe.training.as_mut().expect("the method trains")
}

fn text(recipe: &mut Recipe) -> &mut TextCalibration {
    match recipe.calibration.as_mut() {
        Some(Calibration::Text(text)) => text,
        _ => panic!("a text calibrates"),
    }
}

fn owl() -> AllocationRecipe {
    toml::from_str("kind = 'owl'").expect("an allocation")
}

fn rules(include: &str, exclude: &str) -> PathRules {
    let globs = |glob: &str| Some(glob.to_owned()).filter(|glob| !glob.is_empty());
    PathRules::new(globs(include), globs(exclude)).expect("globs")
}

#[rustfmt::skip]
const BAD: [Spoiling; 30] = [
    (Method::Wanda, "2:4", |recipe| recipe.allocation = owl(), "2:4"),
    (Method::Magnitude, "2:4", |recipe| {
        recipe.allocation = AllocationRecipe::PerBlock { sparsities: vec![Sparsity::DENSE; 2] };
    }, "2:4"),
    (Method::Magnitude, "50%", |recipe| {
        recipe.allocation = AllocationRecipe::PerBlock { sparsities: vec![Sparsity::DENSE; 3] };
    }, "3 sparsities for the 2 blocks"),
    (Method::Magnitude, "3:5", |_| (), "model.layers.0"),
    (Method::Elsa, "3:5", |_| (), "model.layers.0"),
    (Method::Magnitude, "50%", |recipe| recipe.pattern = "2:4".parse().ok(), "exactly one"),
    (Method::Magnitude, "50%", |recipe| recipe.rules = rules("nothing", ""), "glob"),
    (Method::Elsa, "50%", |recipe| recipe.rules = rules("", "nothing"), "glob"),
    (Method::Magnitude, "50%", |recipe| recipe.rules = rules("*q_proj*", "*attn*"), "no weight matrix"),
    (Method::Magnitude, "50%", |recipe| recipe.options.scope = Some(Scope::Global), "elsa"),
    (Method::Magnitude, "50%", |recipe| recipe.options.iterations = Some(20), "iterations"),
    (Method::LAdmm, "50%", |recipe| recipe.options.iterations = Some(3), "iterations"),
    (Method::Alps, "50%", |recipe| recipe.options.iterations = Some(0), "max_iterations"),
    (Method::Safe, "50%", |recipe| {
        recipe.options.safe = Some(Safe { learning_rate: f64::NAN, ..Safe::default() });
    }, "learning rate"),
    (Method::Safe, "50%", |recipe| {
        recipe.options.safe = Some(Safe { epochs: 0, ..Safe::default() });
    }, "steps"),
    (Method::Wanda, "50%", |recipe| recipe.calibration = None, "needs calibration data"),
    (Method::WandaFinetune, "50%", |recipe| recipe.calibration = None, "needs calibration data"),
    (Method::Magnitude, "50%", |recipe| recipe.allocation = owl(), "needs calibration data"),
    (Method::Wanda, "50%", |recipe| text(recipe).window = 257, "256 positions"),
    (Method::Safe, "50%", |recipe| text(recipe).windows = 0, "at least one window"),
    (Method::Ria, "50%", |recipe| {
        let traces = "absent.jsonl".into();
        let part = TracePart::Full;
        recipe.calibration = Some(Calibration::Traces(TraceCalibration { traces, part, tokens: Some(0) }));
    }, "at least one token"),
    (Method::Magnitude, "50%", |recipe| recipe.training = Some(Training::default()), "training"),
    (Method::Elsa, "50%", |recipe| recipe.training = None, "needs a training text"),
    (Method::RandomFinetune, "50%", |recipe| training(recipe).texts.clear(), "needs a training text"),
    (Method::RandomFinetune, "50%", |recipe| training(recipe).lambda = Some(0.1), "training.lambda"),
    (Method::Elsa, "50%", |recipe| recipe.allocation = owl(), "--scope"),
    (Method::Elsa, "50%", |recipe| training(recipe).window = Some(257), "256 positions"),
    (Method::Elsa, "50%", |recipe| training(recipe).steps = Some(0), "at least one window"),
    (Method::Elsa, "50%", |recipe| training(recipe).lambda = Some(f64::NAN), "lambda"),
    (Method::WandaFinetune, "50%", |recipe| training(recipe).learning_rate = Some(-1.0), "learning rate"),
];

#[test]
fn bad_plans_are_refused_before_anything_is_read_or_made() {
    let folder = folder();
    let before = names(folder.path());
    let source = Checkpoint::open(&folder.path().join("broken")).expect("a model");
    for (index, (method, pattern, spoil, part)) in BAD.into_iter().enumerate() {
        let good = recipe(folder.path(), method, pattern);
        let mut bad = good.clone();
        spoil(&mut bad);
        let case = format!("{index}: {method} {pattern}, {part}");
        if bad != good {
            // The check passes what is good, and the run then reads the weights.
            assert!(good.check(&source).is_ok(), "{case}");
            let line = error_line(&prune(folder.path(), &good).expect_err("a weight is NaN"));
            assert!(line.contains("model.norm.weight"), "{case}: {line}");
        }
        for refused in [bad.check(&source).map(drop), prune(folder.path(), &bad)] {
            let line = error_line(&refused.expect_err(&case));
            assert!(line.contains(part), "{case}: {line}");
            assert!(!line.contains("model.norm.weight"), "{case}: {line}");
        }
        assert_eq!(names(folder.path()), before, "{case}");
    }
}

fn error_line(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn a_plan_counts_what_would_go() {
    let folder = folder();
    let source = Checkpoint::open(&folder.path().join("broken")).expect("a model");
    let mut half = recipe(folder.path(), Method::Magnitude, "50%");
    half.rules = rules("*mlp*", "*down*");
    half.dtype = FloatType::F16;
    let plan = half.check(&source).expect("it fits");
    // Embedding, head and last norm; four matrices of attention, three of the MLP and two norms in each block.
    let block = 2 * 16 * 16 + 2 * 8 * 16 + 3 * 24 * 16 + 2 * 16;
    assert_eq!(plan.output_bytes, 2 * (2 * 40 * 16 + 16 + 2 * block));
    assert_eq!(plan.n_layers(), 4);
    let json = serde_json::to_value(&plan).expect("JSON");
    let block = serde_json::json!({ "pattern": "50%", "layers": 2, "weights": 768, "pruned": 384 });
    assert_eq!(json["blocks"], serde_json::json!([block, block]));
    half.allocation = owl();
    half.calibration = Some(calibration(folder.path()));
    let plan = half.check(&source).expect("it fits");
    assert_eq!((plan.blocks[1].pattern, plan.blocks[1].pruned), (None, None));
}

#[test]
fn experts_of_a_dense_model_are_refused_before_anything_is_read_or_made() {
    let folder = folder();
    let before = names(folder.path());
    for method in [ExpertMethod::Reap, ExpertMethod::Mone] {
        let job = ExpertJob {
            model: &folder.path().join("broken"),
            out: &folder.path().join("out"),
            plan: ExpertPlan {
                method,
                share: Sparsity::new(0.5).expect("valid"),
                seed: 0,
            },
            calibration: &calibration(folder.path()),
            dtype: FloatType::F32,
            overwrite: Overwrite::Never,
            device: &secateurs_testkit::device(),
        };
        let line = error_line(&prune_experts(&job, &mut |_, _| ()).expect_err("no mixture"));
        assert!(
            line.contains("no mixture of experts") || line.contains("constants"),
            "{line}"
        );
        assert_eq!(names(folder.path()), before);
    }
}
