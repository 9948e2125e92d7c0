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
use super::harness::{About, CaseCells, Claim, Cost, Desk, Measured, Order, group_cells};
use crate::ExperimentError;
use crate::outcome::{Better, Outcome, Question, Row};
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
            quick: Some(12.0),
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

    fn order(&self) -> Order {
        Order::SideBySide
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        let of_group = |group: CaseCells<'_, (&str, ModelKind), TaskCell>| {
            let tasks = self.case.name_tasks(group.cells.len());
            rows_over_tasks(group.case.0, &group.cells, &tasks)
        };
        Ok(group_models(cells).into_iter().flat_map(of_group).collect())
    }

    fn notes(&self, cells: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        let mut notes = self.case.notes();
        for CaseCells { case, cells } in group_models(cells) {
            let formulas = cells.first().into_iter().flat_map(|cell| &cell.formulas);
            notes.extend(formulas.map(|formula| format!("{}, first of the tasks: {formula}", case.0)));
        }
        Ok(notes)
    }

    fn questions(&self) -> Vec<Question> {
        let of_formula = |text, method, controls: &[&'static str]| {
            Question::new(text, method, "pehe", Better::Lower)
                .at("dataset", self.case.datasets[0].name)
                .at("stage", "full")
                .own_at("stage", "truncated")
                .beside(controls.iter().copied())
                .measured_as(format!(
                    "error of individual effects (PEHE), {} data",
                    self.case.datasets[0].name
                ))
        };
        vec![
            of_formula(
                "Does a printed formula estimate the effect on each individual better than linear models or one effect for all?",
                "KAAM",
                &["difference of means", "S linear, ridge 1", "T linear, ridge 1"],
            ),
            of_formula(
                "Does a trained KAN's formula do better than perceptrons?",
                "T-KAN, trained",
                &["TAR-MLP, trained"],
            )
            .paper("5.1 against 7.3 (authors' notebook, one task of ACIC)"),
        ]
    }

    fn paper(&self) -> Vec<Row> {
        anchors(self.case.tier)
    }

    fn charts(&self, _: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        pictures::draw_effects(&self.case)
    }
}

/// Cells of each kind of models on each data set.
fn group_models(cells: Cells<'_>) -> Vec<CaseCells<'_, (&'static str, ModelKind), TaskCell>> {
    group_cells(cells, |measured| {
        Some(((measured.key.dataset, measured.key.kind), &measured.cell))
    })
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use secateurs_causal::Synthetic;

    use super::*;
    use crate::causal_data::CausalTask;
    use crate::claims::harness::law::{assert_answered, assert_part};
    use crate::outcome::Tier;

    #[test]
    fn questions_are_answered_and_the_quick_tier_is_a_part_of_the_standard_one() {
        let claim = |tier| Causalkan {
            case: CausalCase::new(tier).expect("the data are generated"),
        };
        let quick = claim(Tier::Quick);
        assert_part(quick.keys(), claim(Tier::Standard).keys());
        let generator = Synthetic::new(60);
        let task = CausalTask {
            train: generator.study(0).expect("it can be drawn"),
            test: generator.study(1).expect("it can be drawn"),
        };
        let measure = |key: TaskKey| {
            let cell = match key.kind {
                ModelKind::Closed => measure_closed(&task),
                ModelKind::Networks => measure_networks(&task, &Device::default()),
            };
            let cell = cell.expect("it can be measured");
            Measured { key, cell }
        };
        let first = quick.keys().into_iter().filter(|key| key.number == 1);
        let cells: Vec<_> = first.map(measure).collect();
        assert_answered(quick.rows(&cells).expect("they are complete"), &quick.questions());
    }
}
