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
mod cell;
mod closed;
mod fold;
mod networks;
mod pictures;

use self::case::{CausalCase, ModelKind, TaskKey, TaskSet, anchors};
use self::cell::{TaskCell, rows_over_tasks};
use self::closed::measure_closed;
use self::networks::measure_networks;
use super::harness::{About, Claim, Cost, Desk, Measured};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row};
use crate::report::Chart;

/// The claim.
pub struct Causalkan {
    case: CausalCase,
}

type Cells<'a> = &'a [Measured<TaskKey, TaskCell>];

impl Claim for Causalkan {
    const ABOUT: &'static About = &About {
        name: "causalkan",
        title: "Effects of individuals: additive models, KANs, and their formulas",
        summary: "effects of individuals by additive models and KANs, full, pruned, as formulas and rounded, beside perceptrons",
        reference: "arXiv 2509.22467",
        axes: &["stage"],
        cost: Cost {
            datasets: &["ihdp", "acic2016"],
            ..Cost::UNKNOWN
        },
    };

    type Key = TaskKey;
    type Cell = TaskCell;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        Ok(Self {
            case: CausalCase::new(desk.setting.tier)?,
        })
    }

    fn keys(&self) -> Vec<TaskKey> {
        let keys = |dataset: &TaskSet, kind, tasks: usize| {
            let dataset = dataset.name;
            (1..=tasks).map(move |number| TaskKey { dataset, kind, number })
        };
        let of_dataset = |dataset| {
            let closed = keys(dataset, ModelKind::Closed, self.case.tasks);
            closed.chain(keys(dataset, ModelKind::Networks, self.case.network_tasks))
        };
        self.case.datasets.iter().flat_map(of_dataset).collect()
    }

    fn measure(&self, key: &TaskKey, desk: &Desk) -> Result<TaskCell, ExperimentError> {
        let task = self.case.dataset(key.dataset).task(key.number)?;
        match key.kind {
            ModelKind::Closed => measure_closed(&task),
            ModelKind::Networks => measure_networks(&task, &desk.setting.device),
        }
    }

    fn measure_all(&self, keys: &[TaskKey], desk: &Desk) -> Result<Vec<TaskCell>, ExperimentError> {
        desk.measure_side_by_side(keys, |key| self.measure(key, desk))
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        let of_group = |group: CellGroup<'_>| {
            let tasks = self.case.name_tasks(group.cells.len());
            rows_over_tasks(group.dataset, &group.cells, &tasks)
        };
        Ok(self.groups(cells).flat_map(of_group).collect())
    }

    fn notes(&self, cells: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        let mut notes = self.case.notes();
        for group in self.groups(cells) {
            let formulas = group.cells.first().into_iter().flat_map(|cell| &cell.formulas);
            notes.extend(formulas.map(|formula| format!("{}, first of the tasks: {formula}", group.dataset)));
        }
        Ok(notes)
    }

    fn paper(&self) -> Vec<Row> {
        anchors(self.case.tier)
    }

    fn charts(&self, _: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        pictures::draw_effects(&self.case)
    }
}

/// Cells of one kind of models on one data set.
struct CellGroup<'a> {
    dataset: &'static str,
    cells: Vec<&'a TaskCell>,
}

impl Causalkan {
    fn groups<'a>(&'a self, cells: Cells<'a>) -> impl Iterator<Item = CellGroup<'a>> {
        let datasets = self.case.datasets.iter().map(|dataset| dataset.name);
        let kinds = datasets.flat_map(|dataset| [(dataset, ModelKind::Closed), (dataset, ModelKind::Networks)]);
        kinds.map(move |(dataset, kind)| {
            let of_group = cells
                .iter()
                .filter(move |measured| (measured.key.dataset, measured.key.kind) == (dataset, kind));
            CellGroup {
                dataset,
                cells: of_group.map(|measured| &measured.cell).collect(),
            }
        })
    }
}
