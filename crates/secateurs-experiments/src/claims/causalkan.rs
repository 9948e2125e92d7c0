//! causalKANs: effects of individuals from additive models and Kolmogorov-Arnold networks, down to one formula.
//!
//! Expected (arXiv 2509.22467; its tables are not here): networks whose splines became formulas lose little against the full
//! ones, and none loses much against perceptrons. What must hold on the real data: the ridge models of one arm or two, `S` and
//! `T`, reproduce errors that were computed independently (the `paper` rows, with the names of these models); a model whose
//! pooling of the arms is chosen by cross-validation (`KAAM`) is at or under the best of them for every data set; and its formula
//! is within 5 % of it. No choice uses a true effect or a test row.
//!
//! Controls: the same effect for all, from the difference of means; linear models; pruning that loses constants (`zeroed`), whose
//! factual errors are pykan's mistake.

mod case;
mod closed;
mod fold;
mod networks;
mod pictures;

use std::time::Instant;

use serde::{Deserialize, Serialize};

use self::case::{Case, Dataset};
use super::kept::kept_cell;
use super::language_model::progress;
use super::summary::mean_row;
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row};

/// One number of one model on one task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Measured {
    method: String,
    stage: String,
    metric: String,
    value: f64,
    control: bool,
}

impl Measured {
    pub(super) fn new((method, stage): (&str, &str), metric: &str, value: f64) -> Self {
        Self {
            method: method.to_owned(),
            stage: stage.to_owned(),
            metric: metric.to_owned(),
            value,
            control: false,
        }
    }

    pub(super) fn control(self) -> Self {
        Self { control: true, ..self }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.method, &self.stage, &self.metric) == (&other.method, &other.stage, &other.metric)
    }
}

/// What one task gave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    measured: Vec<Measured>,
    /// Formulas, to be shown for the first task.
    formulas: Vec<String>,
}

/// Runs the claim.
///
/// # Errors
///
/// If data are missing, a model cannot be fitted, or what is kept cannot be read or written.
pub fn run(setting: &Setting) -> Result<(Outcome, Plots), ExperimentError> {
    let started = Instant::now();
    let case = Case::new(setting.tier)?;
    let mut outcome = Outcome::new("causalkan", setting.tier, &setting.device_name);
    outcome.title = "Effects of individuals: additive models, KANs, and their formulas".into();
    outcome.reference = "arXiv 2509.22467".into();
    outcome.seeds = vec![0];
    outcome.notes = case.notes();
    for dataset in &case.datasets {
        let (cells, networks) = cells(&case, dataset, setting, &outcome)?;
        let all = match cells.len() == case.tasks {
            true => "all".to_owned(),
            false => format!("{} of {}", cells.len(), case.tasks),
        };
        outcome.rows.extend(rows(dataset, &cells, &all));
        let few = format!("first {}", networks.len());
        outcome.rows.extend(rows(dataset, &networks, &few));
        let formulas = cells.iter().chain(&networks).take(1).chain(networks.first());
        for formula in formulas.flat_map(|cell| &cell.formulas) {
            outcome.notes.push(format!("{}, first task: {formula}", dataset.name));
        }
    }
    outcome.paper = case::anchors(setting.tier);
    outcome.seconds = started.elapsed().as_secs_f64();
    let plots = pictures::plots(&case)?;
    Ok((outcome, plots))
}

/// Closed forms on all tasks, and networks on the first few.
fn cells(
    case: &Case,
    dataset: &Dataset,
    setting: &Setting,
    outcome: &Outcome,
) -> Result<(Vec<Cell>, Vec<Cell>), ExperimentError> {
    let bar = progress(case.tasks + case.network_tasks);
    let mut all = (Vec::new(), Vec::new());
    for number in 1..=case.tasks {
        let name = format!("{}-closed-{number}", dataset.name);
        bar.set_message(name.clone());
        if setting.wants(&name) {
            let make = || closed::cell(&dataset.task(number)?);
            all.0.push(kept_cell(setting, outcome, &name, make)?);
        }
        bar.inc(1);
    }
    for number in 1..=case.network_tasks {
        let name = format!("{}-networks-{number}", dataset.name);
        bar.set_message(name.clone());
        if setting.wants(&name) {
            let make = || networks::cell(&dataset.task(number)?, &setting.device);
            all.1.push(kept_cell(setting, outcome, &name, make)?);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(all)
}

/// Means over tasks with their standard errors.
fn rows(dataset: &Dataset, cells: &[Cell], tasks: &str) -> Vec<Row> {
    let Some(first) = cells.first() else { return Vec::new() };
    let row = |measured: &Measured| {
        let values: Vec<f64> = cells
            .iter()
            .flat_map(|cell| &cell.measured)
            .filter(|other| other.is_same(measured))
            .map(|other| other.value)
            .collect();
        let row = mean_row(&measured.method, &measured.metric, &values)
            .case("dataset", dataset.name)
            .case("stage", measured.stage.as_str())
            .case("tasks", tasks);
        if measured.control { row.control() } else { row }
    };
    first.measured.iter().map(row).collect()
}
