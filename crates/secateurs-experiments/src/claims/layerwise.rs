//! Layer-wise pruning: which method keeps a language model alive up to which sparsity.
//!
//! Expected (SparseGPT arXiv 2301.00774, Wanda 2306.11695, L-ADMM 2401.02938, ALPS 2406.07831): at 50 % ALPS and L-ADMM
//! below SparseGPT below Wanda below magnitude; random control destroyed at once; all layer-wise methods break down
//! towards 90 %.

use std::time::Instant;

use secateurs::Method;
use secateurs::tensor::Pattern;

use super::language_model::{Case, Cell, case, cell_name, kept, measure, pattern_name, progress, row};
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row};
use crate::report::charts_along;
use secateurs_chart::Scale;

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
    let mut plots = charts_along(&outcome, "sparsity", Scale::Log);
    plots.retain(|chart| chart.name.starts_with("perplexity") || chart.name.starts_with("solve"));
    Ok((outcome, plots))
}

fn run_cells(case: &Case, setting: &Setting, outcome: &mut Outcome) -> Result<(), ExperimentError> {
    let seeds = |method: Method, pattern: Pattern| {
        let seeds = seeds_of(case, method).iter().copied();
        seeds
            .filter(|seed| setting.wants(&cell_name(method, pattern, *seed)))
            .collect::<Vec<_>>()
    };
    let runs = Method::LAYERWISE.into_iter().flat_map(|method| {
        let of_pattern = |pattern: &Pattern| (method, *pattern, seeds(method, *pattern));
        case.patterns.iter().map(of_pattern).collect::<Vec<_>>()
    });
    let runs: Vec<(Method, Pattern, Vec<u64>)> = runs.filter(|(_, _, seeds)| !seeds.is_empty()).collect();
    let n_runs = runs.iter().map(|(_, _, seeds)| seeds.len()).sum::<usize>();
    let mut inexact = 0;
    let bar = progress(n_runs);
    for (method, pattern, seeds) in runs {
        let mut cells = Vec::new();
        for seed in seeds {
            cells.push(kept(case, setting, outcome, (method, pattern, seed), &bar)?);
            bar.inc(1);
        }
        inexact += cells.iter().filter(|cell| !cell.exact).count();
        outcome.rows.extend(rows(case, method, pattern, &cells));
    }
    bar.finish_and_clear();
    let (windows, window) = case.calibration_windows;
    outcome.notes.push(format!(
        "Calibration: {windows} windows of {window} tokens. Of {n_runs} pruned models, {inexact} missed the requested \
         number of zeros in some layer."
    ));
    Ok(())
}

/// Magnitude depends neither on a seed nor on calibration: once is enough.
fn seeds_of(case: &Case, method: Method) -> &[u64] {
    if method == Method::Magnitude {
        &case.seeds[..1]
    } else {
        &case.seeds
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

fn reference_rows(case: &Case) -> Vec<Row> {
    let to_row = |&(method, sparsity, value): &(&str, Option<f64>, f64)| {
        let row = row(case, method, "perplexity", &[value]).case("pattern", "unstructured");
        sparsity.map_or(row.clone(), |sparsity| row.case("sparsity", sparsity))
    };
    case.reference.iter().map(to_row).collect()
}
