//! Rows of students.

use secateurs::moe_theory::Pair;

use super::case::{TUNED_STEPS, TheoryCase};
use super::cell::{ReducedStudent, Reduction, TheoryCell};
use crate::outcome::Row;

/// A loss below which nothing is left to learn.
const ZERO: f64 = 1e-8;

/// The metric of losses, which span decades.
const LOSS: &str = "loss_geometric_mean";

/// All rows of a case.
pub fn rows(case: &TheoryCase, cells: &[&TheoryCell]) -> Vec<Row> {
    let mut rows = student_rows(cells);
    rows.extend(Reduction::ALL.into_iter().flat_map(|method| method_rows(cells, method)));
    // Nothing is known where no run got that far.
    rows.retain(|row| row.value().is_some());
    let finish = |row: Row| row.case("problem", case.sizes()).case("training", case.training.name());
    rows.into_iter().map(finish).collect()
}

/// The experts that the student found.
fn student_rows(cells: &[&TheoryCell]) -> Vec<Row> {
    let mean = |metric: &str, of: &dyn Fn(&TheoryCell) -> Option<f64>| {
        let samples: Vec<f64> = cells.iter().filter_map(|cell| of(cell)).collect();
        Row::mean_with_error("student", metric, &samples)
    };
    let pairs = |value: fn(&Pair) -> f64, least: bool| {
        move |cell: &TheoryCell| {
            let values = cell.alignment.pairs.iter().map(value);
            let n = cell.alignment.pairs.len() as f64;
            let sum: f64 = values.clone().sum();
            Some(if least {
                values.fold(f64::INFINITY, f64::min)
            } else {
                sum / n
            })
        }
    };
    let losses: Vec<f64> = cells.iter().map(|cell| cell.loss).collect();
    vec![
        mean("success_rate", &|cell| {
            Some(f64::from(u8::from(cell.alignment.is_success())))
        }),
        mean("expert_alignment_min", &pairs(|pair| pair.expert, true)),
        mean("expert_alignment_mean", &pairs(|pair| pair.expert, false)),
        mean("router_alignment_min", &pairs(|pair| pair.router, true)),
        mean("router_alignment_mean", &pairs(|pair| pair.router, false)),
        mean("experts_before_routers", &TheoryCell::experts_first),
        mean("first_expert_step", &|cell| {
            cell.expert_arrivals().into_iter().min().map(|step| step as f64)
        }),
        mean("last_expert_step", &|cell| {
            cell.expert_arrivals().into_iter().max().map(|step| step as f64)
        }),
        mean("cpu_seconds", &|cell| cell.cpu_seconds),
        Row::geometric_mean_with_error("student", LOSS, &losses).case("stage", "learned"),
    ]
}

/// The results of one way of pruning.
fn method_rows(cells: &[&TheoryCell], method: Reduction) -> Vec<Row> {
    let name = method.name();
    let of = |value: &dyn Fn(&ReducedStudent) -> Option<f64>| -> Vec<f64> {
        let pruned = cells.iter().filter_map(|cell| cell.of(method));
        pruned.filter_map(value).filter(|value| value.is_finite()).collect()
    };
    let last = TUNED_STEPS[TUNED_STEPS.len() - 1];
    let flag = |flag: bool| Some(f64::from(u8::from(flag)));
    let mut rows =
        vec![Row::geometric_mean_with_error(name, LOSS, &of(&|pruned| Some(pruned.loss))).case("stage", "pruned")];
    for steps in TUNED_STEPS {
        let row = Row::geometric_mean_with_error(name, LOSS, &of(&|pruned| pruned.after(steps)));
        rows.push(row.case("stage", format!("tuned {steps}")));
    }
    rows.extend([
        Row::mean_with_error(
            name,
            "zero_loss_rate",
            &of(&|pruned| flag(pruned.after(last).is_some_and(|loss| loss < ZERO))),
        ),
        Row::mean_with_error(name, "diverged_rate", &of(&|pruned| flag(pruned.tuned.is_none()))),
        Row::mean_with_error(name, "experts_kept", &of(&|pruned| Some(pruned.n_kept as f64))),
        Row::mean_with_error(name, "cpu_seconds", &of(&|pruned| pruned.cpu_seconds)),
    ]);
    let mark = |row: Row| if method.is_control() { row.control() } else { row };
    rows.into_iter().map(mark).collect()
}
