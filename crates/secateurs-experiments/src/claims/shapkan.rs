//! ShapKAN: do ranks of nodes by Shapley values keep still where the inputs move, and what is pruning by them worth?
//!
//! Expected (Fan et al., arXiv 2510.01663, whose tables are not here): ranks by Shapley values agree more across shifted
//! domains than pykan's, and pruning by them leaves errors of lower mean and variance. Antithetic pairs err about half as much
//! as the same number of plain permutations (on another toy .291 against .126 with 16). With the mean baseline and rows that
//! pay on their own, scores in the last hidden layer are those of pykan but for the kind of deviation, so errors after pruning
//! must be close to pykan's there; random ranks have a tau of about 0.
//!
//! Two things are called a shift here. `fixed`: a network is evaluated on inputs that it never saw; it is another function
//! there, its splines taper to zero, and nothing says that ranks should stay. `refit`: another network learns `f(x - shift)` on
//! the shifted domain; this is the same function, so its inputs have the same true ranks, and that is the claim to check.

mod cell;
mod presentation;
mod ranks;
mod sampling;
mod score;
mod target;

use std::time::Instant;

use secateurs::kan::Fold;

use self::cell::{Agreement, Bench, Cell, Pruned, Ranked, Variant};
use self::presentation::{charts, notes};
use self::sampling::{PERMUTATIONS, ROUGHNESS, SamplingError, sampling_errors};
use self::score::{REFERENCE, SCORES, Score};
use self::target::{TARGETS, Target};
use super::kept::kept_cell;
use super::language_model::progress;
use super::workers::side_by_side;
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row, Tier, pool_deviations};

/// How much is run.
struct Case {
    targets: &'static [Target],
    seeds: u64,
    /// Of each set, training and test.
    n_rows: usize,
    steps: usize,
    refit_steps: usize,
    /// After which kind of pruning there is a refit.
    refitted: &'static [Fold],
    lambda: f64,
    shifts: Vec<f64>,
    /// Networks, and seeds of orders for each.
    sampling: (u64, u64),
}

impl Case {
    fn new(tier: Tier) -> Self {
        let quick = Self {
            targets: &TARGETS[..TARGETS.len() - 1],
            seeds: 3,
            n_rows: 400,
            steps: 20,
            refit_steps: 10,
            refitted: &[Fold::Mean],
            lambda: 1e-3,
            shifts: vec![0.5, 1.0, 2.0],
            sampling: (3, 3),
        };
        match tier {
            Tier::Quick => quick,
            Tier::Full => Self {
                targets: &TARGETS,
                seeds: 8,
                n_rows: 1000,
                steps: 30,
                refit_steps: 20,
                refitted: &[Fold::Mean, Fold::Zero],
                sampling: (10, 10),
                ..quick
            },
        }
    }

    /// Nodes left in each hidden layer, from one less than the narrowest has.
    fn nodes_left(&self) -> impl Iterator<Item = usize> + use<> {
        let least = self.targets.iter().map(|target| target.hidden).min().unwrap_or(1);
        (1..least).rev()
    }

    fn networks(&self) -> Vec<(Target, u64)> {
        let seeds = |target: &Target| 0..self.seeds.min(target.most_seeds);
        let of_target = |target: &'static Target| seeds(target).map(move |seed| (*target, seed));
        // The widest first, so that none is left to one thread at the end.
        self.targets.iter().rev().flat_map(of_target).collect()
    }
}

/// Nodes left, per hidden layer, at which functions are told apart.
const FEW: usize = 2;

/// Runs the claim.
///
/// # Errors
///
/// If a network cannot be trained or scored, or what is kept cannot be read or written.
pub fn run(setting: &Setting) -> Result<(Outcome, Plots), ExperimentError> {
    let started = Instant::now();
    let case = Case::new(setting.tier);
    let mut outcome = Outcome::new("shapkan", setting.tier, &setting.device_name);
    outcome.title = "ShapKAN: Shapley values of the nodes of Kolmogorov-Arnold networks".into();
    outcome.reference = "arXiv 2510.01663".into();
    outcome.seeds = (0..case.seeds).collect();
    let cells = cells(&case, setting, &outcome)?;
    let errors = errors(&case, setting, &outcome)?;
    outcome.rows = agreement_rows(&case, &cells);
    outcome.rows.extend(pruning_rows(&case, &cells));
    outcome.rows.extend(sampling_rows(&errors));
    // Some parts may not have been wanted.
    outcome.rows.retain(|row| row.value().is_some());
    outcome.notes = notes(&case, cells.len());
    outcome.seconds = started.elapsed().as_secs_f64();
    let plots = charts(&outcome);
    Ok((outcome, plots))
}

/// One cell for each function and seed, on all processors.
fn cells(case: &Case, setting: &Setting, outcome: &Outcome) -> Result<Vec<Cell>, ExperimentError> {
    let name = |(target, seed): &(Target, u64)| format!("{}-{seed}", target.name);
    let mut networks = case.networks();
    networks.retain(|network| setting.wants(&name(network)));
    let bar = progress(networks.len());
    let mut cells = side_by_side(setting, &networks, |network| {
        let make = || Bench::new(case, *network, &setting.device).cell();
        let cell = kept_cell(setting, outcome, &name(network), make);
        bar.inc(1);
        cell
    })?;
    bar.finish_and_clear();
    let place = |cell: &Cell| case.targets.iter().position(|target| target.name == cell.function);
    cells.sort_by_key(|cell| (place(cell), cell.seed));
    Ok(cells)
}

/// Sampling errors of all random networks.
fn errors(case: &Case, setting: &Setting, outcome: &Outcome) -> Result<Vec<SamplingError>, ExperimentError> {
    let (networks, seeds) = case.sampling;
    let mut jobs: Vec<(f64, u64)> = ROUGHNESS
        .iter()
        .flat_map(|roughness| (0..networks).map(|network| (*roughness, network)))
        .collect();
    let name = |(roughness, network): &(f64, u64)| format!("sampling-{roughness}-{network}");
    jobs.retain(|job| setting.wants(&name(job)));
    let errors = side_by_side(setting, &jobs, |job| {
        let make = || sampling_errors(*job, seeds, &setting.device);
        kept_cell(setting, outcome, &name(job), make)
    })?;
    Ok(errors.into_iter().flatten().collect())
}

/// Whose ranks, of what, and what a shift does.
#[derive(Clone, Copy)]
struct Place {
    variant: Variant,
    ranked: Ranked,
    score: Score,
}

impl Place {
    fn holds(self, agreement: &Agreement) -> bool {
        (agreement.variant, agreement.ranked, agreement.method.as_str())
            == (self.variant, self.ranked, self.score.name())
    }

    fn finish(self, row: Row) -> Row {
        let row = row
            .case("ranks", self.ranked.name())
            .case("variant", self.variant.name());
        if self.score.is_control() { row.control() } else { row }
    }
}

fn agreement_rows(case: &Case, cells: &[Cell]) -> Vec<Row> {
    let mut rows = Vec::new();
    for variant in [Variant::Refit, Variant::Fixed] {
        for ranked in [Ranked::Inputs, Ranked::Hidden] {
            for score in SCORES {
                let place = Place { variant, ranked, score };
                rows.extend(shift_rows(case, cells, place));
                if variant == Variant::Refit {
                    rows.extend(function_rows(case, cells, place));
                }
                rows.extend(gain_row(case, cells, place));
            }
        }
    }
    for &shift in &case.shifts {
        let refits = cells.iter().flat_map(|cell| &cell.refits);
        let refits = refits.filter(|refit| refit.shift == shift);
        let (correlations, errors): (Vec<f64>, Vec<f64>) = refits.map(|refit| (refit.correlation, refit.rmse)).unzip();
        rows.push(Row::mean_with_error("refit", "matched_correlation", &correlations).case("shift", shift));
        rows.push(Row::geometric_mean_with_error("refit", "rmse", &errors).case("shift", shift));
    }
    rows
}

/// Means over networks at each shift.
fn shift_rows(case: &Case, cells: &[Cell], place: Place) -> Vec<Row> {
    let mut rows = Vec::new();
    for &shift in &case.shifts {
        let here = |agreement: &&Agreement| place.holds(agreement) && agreement.shift == shift;
        let chosen = cells.iter().filter(|cell| has_ranks(case, cell, place.ranked));
        let chosen = chosen.flat_map(|cell| cell.agreements.iter().filter(here));
        let taus: Vec<f64> = chosen.clone().filter_map(|agreement| agreement.tau).collect();
        let overlaps: Vec<f64> = chosen.map(|agreement| agreement.overlap).collect();
        for (metric, samples) in [("tau", taus), ("top_overlap", overlaps)] {
            let row = Row::mean_with_error(place.score.name(), metric, &samples);
            rows.push(place.finish(row).case("shift", shift));
        }
    }
    rows
}

/// Means over seeds and shifts for each function.
fn function_rows(case: &Case, cells: &[Cell], place: Place) -> Vec<Row> {
    let row = |target: &Target| {
        let of_target = cells.iter().filter(|cell| cell.function == target.name);
        let agreements = of_target.flat_map(|cell| &cell.agreements);
        let taus: Vec<f64> = agreements
            .filter(|agreement| place.holds(agreement))
            .filter_map(|agreement| agreement.tau)
            .collect();
        let row = Row::mean_with_error(place.score.name(), "tau", &taus);
        place.finish(row).case("function", target.name)
    };
    case.targets.iter().map(row).collect()
}

/// How much higher tau is than pykan's, over all shifts; each network is one sample.
fn gain_row(case: &Case, cells: &[Cell], place: Place) -> Option<Row> {
    if place.score == REFERENCE {
        return None;
    }
    let chosen = cells.iter().filter(|cell| has_ranks(case, cell, place.ranked));
    let gains: Vec<f64> = chosen.filter_map(|cell| gain(cell, place)).collect();
    let row = Row::mean_with_error(place.score.name(), "tau_minus_pykan", &gains);
    let row = row.case(
        "comparison",
        format!("{}, {}", place.variant.name(), place.ranked.name()),
    );
    Some(if place.score.is_control() { row.control() } else { row })
}

/// Whether ranks of these nodes mean something: inputs of equal importance have no order.
fn has_ranks(case: &Case, cell: &Cell, ranked: Ranked) -> bool {
    let of_cell = |target: &&Target| target.name == cell.function;
    ranked == Ranked::Hidden
        || case
            .targets
            .iter()
            .find(of_cell)
            .is_some_and(|target| target.inputs_differ)
}

fn gain(cell: &Cell, place: Place) -> Option<f64> {
    let taus = |place: Place| {
        let chosen = cell.agreements.iter().filter(move |agreement| place.holds(agreement));
        chosen.map(|agreement| agreement.tau)
    };
    let reference = Place {
        score: REFERENCE,
        ..place
    };
    let differences: Vec<f64> = taus(place)
        .zip(taus(reference))
        .filter_map(|(tau, reference)| Some(tau? - reference?))
        .collect();
    (!differences.is_empty()).then(|| differences.iter().sum::<f64>() / differences.len() as f64)
}

/// A network after pruning, and its error in one of two senses.
type Measure = fn(&Pruned) -> Option<f64>;

const MEASURES: [(&str, Measure); 2] = [
    ("rmse_pruned", |pruned| Some(pruned.rmse)),
    ("rmse_refitted", |pruned| pruned.refitted),
];

fn pruning_rows(case: &Case, cells: &[Cell]) -> Vec<Row> {
    let mut rows = Vec::new();
    let unpruned: Vec<f64> = cells.iter().map(|cell| cell.rmse).collect();
    for (metric, measure) in MEASURES {
        for fold in ["mean", "zero"] {
            let measured = cells.iter().flat_map(|cell| &cell.pruned);
            let any = measured
                .filter(|pruned| pruned.folded == (fold == "mean"))
                .any(|pruned| measure(pruned).is_some());
            for score in SCORES {
                let finish = |row: Row| {
                    let row = row.case("fold", fold);
                    if score.is_control() { row.control() } else { row }
                };
                for nodes in case.nodes_left() {
                    let errors: Vec<f64> = cells
                        .iter()
                        .filter_map(|cell| error(cell, (score, fold, nodes), measure))
                        .collect();
                    rows.push(
                        finish(Row::geometric_mean_with_error(score.name(), metric, &errors)).case("nodes", nodes),
                    );
                }
            }
            if any {
                rows.push(
                    Row::geometric_mean_with_error("unpruned", metric, &unpruned)
                        .control()
                        .case("fold", fold),
                );
            }
        }
    }
    rows.extend(comparison_rows(case, cells));
    rows
}

/// After folding means: each score beside pykan's on the same network, its spread over seeds, and function by function.
fn comparison_rows(case: &Case, cells: &[Cell]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (metric, measure) in MEASURES {
        for score in SCORES {
            let finish = |row: Row| if score.is_control() { row.control() } else { row };
            for nodes in case.nodes_left() {
                let of = |cell: &Cell, score: Score| error(cell, (score, "mean", nodes), measure);
                let ratios: Vec<f64> = cells
                    .iter()
                    .filter_map(|cell| Some(of(cell, score)? / of(cell, REFERENCE)?))
                    .collect();
                if score != REFERENCE {
                    let row = Row::geometric_mean_with_error(score.name(), &format!("{metric}_over_pykan"), &ratios);
                    rows.push(finish(row).case("nodes", nodes));
                }
                let logarithms = |target: &Target| -> Vec<f64> {
                    let of_target = cells.iter().filter(|cell| cell.function == target.name);
                    of_target.filter_map(|cell| Some(of(cell, score)?.log10())).collect()
                };
                let groups: Vec<Vec<f64>> = case.targets.iter().map(logarithms).collect();
                if let Some(deviation) = pool_deviations(&groups) {
                    let row = Row::new(score.name(), &format!("sd_log10_{metric}"), deviation);
                    rows.push(finish(row).case("nodes", nodes));
                }
                if nodes == FEW {
                    rows.extend(groups.iter().zip(case.targets).map(|(group, target)| {
                        let errors: Vec<f64> = group.iter().map(|logarithm| 10f64.powf(*logarithm)).collect();
                        let metric = format!("{metric}_to_{FEW}");
                        finish(Row::geometric_mean_with_error(score.name(), &metric, &errors))
                            .case("function", target.name)
                    }));
                }
            }
        }
    }
    rows
}

fn error(cell: &Cell, (score, fold, nodes): (Score, &str, usize), measure: Measure) -> Option<f64> {
    let wanted = |pruned: &&Pruned| {
        (pruned.method.as_str(), pruned.folded, pruned.nodes) == (score.name(), fold == "mean", nodes)
    };
    cell.pruned.iter().find(wanted).and_then(measure)
}

fn sampling_rows(errors: &[SamplingError]) -> Vec<Row> {
    let mut rows = Vec::new();
    for roughness in ROUGHNESS {
        for permutations in PERMUTATIONS {
            let here = |error: &&SamplingError| error.permutations == permutations && error.roughness == roughness;
            let of = |value: fn(&SamplingError) -> f64| -> Vec<f64> { errors.iter().filter(here).map(value).collect() };
            let row = |row: Row| row.case("roughness", roughness).case("permutations", permutations);
            rows.push(row(Row::geometric_mean_with_error(
                "plain",
                "sampling_error",
                &of(|error| error.plain),
            )));
            rows.push(row(Row::geometric_mean_with_error(
                "antithetic",
                "sampling_error",
                &of(|error| error.antithetic),
            )));
            let ratios = of(|error| error.plain / error.antithetic);
            rows.push(row(Row::geometric_mean_with_error(
                "plain over antithetic",
                "sampling_error_ratio",
                &ratios,
            )));
        }
    }
    rows
}
