//! Reasoning-Aware Compression: calibrating a layer-wise method on what the dense model itself decodes.
//!
//! Expected (arXiv 2509.12464): on decoded tokens the model calibrated on prompts and its own continuations (`rac`) stays
//! closest to the dense one, and the more so the sparser it is; on tokens of prompts, the one calibrated on prompts alone
//! does. `e_ratio` is the paper's `r_t`, for every arm: its hidden-state error over that of `rac`, so above 1 where `rac` is
//! better. Solutions of somebody else (`off-policy`) lie between `rac` and a general text (`corpus`).

mod bench;
mod case;
mod cell;

use std::time::Instant;

use secateurs::{Method, Trace};

use self::bench::Bench;
use self::case::{Case, case};
use self::cell::{Cell, Place, line_name};
use super::kept::{folder, kept_cell};
use super::language_model::progress;
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row};
use crate::report::charts_along;
use secateurs_chart::Scale;

/// What calibrates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arm {
    Corpus,
    PromptOnly,
    OffPolicy,
    Rac,
}

const ARMS: [Arm; 4] = [Arm::Corpus, Arm::PromptOnly, Arm::OffPolicy, Arm::Rac];

impl Arm {
    fn name(self) -> &'static str {
        match self {
            Self::Corpus => "corpus",
            Self::PromptOnly => "prompt-only",
            Self::OffPolicy => "off-policy",
            Self::Rac => "rac",
        }
    }
}

/// Runs the claim.
///
/// # Errors
///
/// If data are missing or a run fails.
pub fn run(setting: &Setting) -> Result<(Outcome, Plots), ExperimentError> {
    let started = Instant::now();
    let mut outcome = Outcome::new("rac", setting.tier, &setting.device_name);
    outcome.title = "Calibration on the dense model's own continuations".into();
    outcome.reference = "arXiv 2509.12464".into();
    let folder = folder(&outcome, "traces")?;
    let case = case(setting.tier, &folder)?;
    outcome.seeds = case.seeds.clone();
    outcome.notes = case.notes.clone();
    let bench = Bench::new(&case, setting, &outcome, folder)?;
    let rows = rows(&bench)?;
    let tokens = |of: fn(&Trace) -> usize| bench.held_out.iter().map(of).sum::<usize>();
    let note = format!(
        "Every arm calibrates on exactly {} tokens, sequence by sequence and without padding; each seed on other prompts, other \
         windows and with other random numbers. Measured on {} tokens of prompts and {} decoded ones. Sampling: temperature \
         0.6, top-p 0.95. Losses are in nats; hidden states are those after the last norm.",
        case.tokens,
        tokens(|trace| trace.prompt_tokens.len()),
        tokens(|trace| trace.new_tokens.len()),
    );
    outcome.notes.push(note);
    outcome.rows = rows;
    outcome.seconds = started.elapsed().as_secs_f64();
    let mut plots = charts_along(&outcome, "sparsity", Scale::Log);
    plots.retain(|chart| chart.name.starts_with("kl") || chart.name.starts_with("hidden"));
    Ok((outcome, plots))
}

fn rows(bench: &Bench<'_>) -> Result<Vec<Row>, ExperimentError> {
    let case = bench.case;
    let place = |sparsity| Place {
        dataset: case.dataset,
        sparsity,
    };
    let kept = |name: &str, make: &dyn Fn() -> Result<Cell, ExperimentError>| {
        kept_cell(bench.setting, bench.outcome, name, make)
    };
    let bar = progress(n_models(case));
    let mut rows = Vec::new();
    bar.set_message("dense");
    let dense = kept("dense", &|| bench.measure(&case.model, 0))?;
    rows.extend(place(None).rows("dense", &[dense]).into_iter().map(Row::control));
    let wants = |name: &str| bench.setting.wants(name);
    for sparsity in sparsities(case) {
        let name = format!("magnitude-{sparsity}");
        if !wants(&name) {
            continue;
        }
        bar.set_message(format!("magnitude {sparsity}"));
        let make = || bench.cell((Method::Magnitude, sparsity), None);
        let cell = kept(&name, &make)?;
        let controls = place(Some(sparsity)).rows("magnitude", &[cell]);
        rows.extend(controls.into_iter().map(Row::control));
        bar.inc(1);
    }
    let runs = case
        .methods
        .iter()
        .flat_map(|(method, all)| all.iter().map(|sparsity| (*method, *sparsity)));
    for (method, sparsity) in runs {
        let place = place(Some(sparsity));
        let mut cells = Vec::new();
        for arm in ARMS {
            bar.set_message(format!("{method} {sparsity}, {}", arm.name()));
            let cell_of = |seed: &u64| {
                let name = format!("{method}-{sparsity}-{}-{seed}", arm.name());
                let cell = wants(&name).then(|| kept(&name, &|| bench.cell((method, sparsity), Some((arm, *seed)))));
                bar.inc(1);
                cell
            };
            let cells_of_arm = case.seeds.iter().filter_map(cell_of).collect::<Result<Vec<_>, _>>()?;
            cells.push((arm, cells_of_arm));
        }
        cells.retain(|(_, cells)| !cells.is_empty());
        let of_arms = cells
            .iter()
            .flat_map(|(arm, cells)| place.rows(&line_name(method, *arm), cells));
        rows.extend(of_arms);
        rows.extend(place.ratios(method, &cells));
    }
    bar.finish_and_clear();
    Ok(rows)
}

fn n_models(case: &Case) -> usize {
    let of_methods: usize = case.methods.iter().map(|(_, sparsities)| sparsities.len()).sum();
    sparsities(case).len() + of_methods * ARMS.len() * case.seeds.len()
}

/// Those of any method.
fn sparsities(case: &Case) -> Vec<f64> {
    let mut all: Vec<f64> = case
        .methods
        .iter()
        .flat_map(|(_, sparsities)| sparsities.clone())
        .collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}
