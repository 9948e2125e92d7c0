//! causalKANs: effects of individuals from additive models and Kolmogorov-Arnold networks, down to one formula.
//!
//! Expected (arXiv 2509.22467; its tables are not here): networks whose splines became formulas lose little against the full
//! ones, and none loses much against perceptrons. What must hold on the real data: the ridge models of one arm or two, `S` and
//! `T`, reproduce errors that were computed independently (the `paper` rows, with the names of these models), those of IHDP to
//! three digits, those of ACIC within 6 %, since there the penalties were of columns of two values with deviation 1 and here they
//! are of zeros and ones; a model whose pooling of the arms is chosen by cross-validation (`KAAM`) is, within its standard error, at
//! or under the best of them for every data set; and its formula is within 5 % of it. No choice uses a true effect or a test row.
//!
//! Trained: additive T and Dragon networks, T networks with a hidden layer, and TARNet made of perceptrons.
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
use super::workers::side_by_side;
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::causal_data::CausalTask;
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
        outcome
            .rows
            .extend(rows(dataset, &cells, &which_tasks(cells.len(), &case)));
        outcome
            .rows
            .extend(rows(dataset, &networks, &which_tasks(networks.len(), &case)));
        let formulas = cells.first().into_iter().chain(networks.first());
        for formula in formulas.flat_map(|cell| &cell.formulas) {
            outcome
                .notes
                .push(format!("{}, first of the tasks: {formula}", dataset.name));
        }
    }
    outcome.paper = case::anchors(setting.tier);
    outcome.seconds = started.elapsed().as_secs_f64();
    let plots = pictures::plots(&case)?;
    Ok((outcome, plots))
}

/// Closed forms and networks on the tasks of a data set.
fn cells(
    case: &Case,
    dataset: &Dataset,
    setting: &Setting,
    outcome: &Outcome,
) -> Result<(Vec<Cell>, Vec<Cell>), ExperimentError> {
    let jobs = |kind: &'static str, tasks: usize| -> Vec<(String, usize)> {
        let named = (1..=tasks).map(|number| (format!("{}-{kind}-{number}", dataset.name), number));
        named.filter(|(name, _)| setting.wants(name)).collect()
    };
    let closed = jobs("closed", case.tasks);
    let networks = jobs("networks", case.network_tasks);
    let bar = progress(closed.len() + networks.len());
    bar.set_message(dataset.name);
    let make_cell = |(name, number): &(String, usize), make: &dyn Fn(&CausalTask) -> Result<Cell, ExperimentError>| {
        let cell = kept_cell(setting, outcome, name, || make(&dataset.task(*number)?))?;
        bar.inc(1);
        Ok(cell)
    };
    let closed = side_by_side(setting, &closed, |job| make_cell(job, &|task| closed::cell(task)))?;
    let networks = side_by_side(setting, &networks, |job| {
        make_cell(job, &|task| networks::cell(task, &setting.device))
    })?;
    bar.finish_and_clear();
    Ok((closed, networks))
}

/// Which tasks were run.
fn which_tasks(n: usize, case: &Case) -> String {
    if n == case.tasks {
        "all".to_owned()
    } else {
        format!("{n} of {}", case.tasks)
    }
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
        let row = Row::mean_with_error(&measured.method, &measured.metric, &values)
            .case("dataset", dataset.name)
            .case("stage", measured.stage.as_str())
            .case("tasks", tasks);
        if measured.control { row.control() } else { row }
    };
    first.measured.iter().map(row).collect()
}
