//! Rows of students.

use secateurs::moe_theory::Pair;

use super::case::TheoryCase;
use super::cell::{ReducedStudent, Reduction, TheoryCell};
use crate::outcome::{Metric, Row, Subject};

/// A loss below which nothing is left to learn.
const ZERO: f64 = 1e-8;

/// The experts that a student found.
const STUDENT: [Metric<TheoryCell>; 8] = [
    Metric::with_error("success_rate", |cell| flag(cell.alignment.is_success())),
    Metric::with_error("expert_alignment_min", |cell| least(cell, |pair| pair.expert)),
    Metric::with_error("expert_alignment_mean", |cell| mean(cell, |pair| pair.expert)),
    Metric::with_error("router_alignment_min", |cell| least(cell, |pair| pair.router)),
    Metric::with_error("router_alignment_mean", |cell| mean(cell, |pair| pair.router)),
    Metric::with_error("experts_before_routers", TheoryCell::experts_first),
    Metric::with_error("first_expert_step", |cell| {
        count(cell.expert_arrivals().into_iter().min())
    }),
    Metric::with_error("last_expert_step", |cell| {
        count(cell.expert_arrivals().into_iter().max())
    }),
];
const STUDENT_LOSS: Metric<TheoryCell> = loss(|cell| Some(cell.loss));
const STUDENT_COST: Metric<TheoryCell> = Metric::with_error("cpu_seconds", |cell| cell.cpu_seconds);

/// Losses of the pruned student, before and during fine-tuning.
const LOSSES: [(&str, Metric<ReducedStudent>); 4] = [
    ("pruned", loss(|pruned| finite(pruned.loss))),
    ("tuned 500", loss(|pruned| finite(pruned.after(500)?))),
    ("tuned 1000", loss(|pruned| finite(pruned.after(1000)?))),
    ("tuned 1500", loss(|pruned| finite(pruned.after(1500)?))),
];
const REDUCED: [Metric<ReducedStudent>; 3] = [
    Metric::with_error("zero_loss_rate", |pruned| {
        flag(pruned.after(1500).is_some_and(|loss| loss < ZERO))
    }),
    Metric::with_error("diverged_rate", |pruned| flag(pruned.tuned.is_none())),
    Metric::with_error("experts_kept", |pruned| Some(pruned.n_kept as f64)),
];
const REDUCED_COST: Metric<ReducedStudent> = Metric::with_error("cpu_seconds", |pruned| pruned.cpu_seconds);

/// All rows of a case but processor time.
pub fn rows(case: &TheoryCase, cells: &[&TheoryCell]) -> Vec<Row> {
    let student = case.subject("student");
    let mut rows = student.rows(&STUDENT, cells);
    rows.extend(student.case("stage", "learned").rows(&[STUDENT_LOSS], cells));
    for method in Reduction::ALL {
        let reduced = reduced_by(method, cells);
        let subject = case.subject_of(method);
        for (stage, loss) in LOSSES {
            rows.extend(subject.clone().case("stage", stage).rows(&[loss], &reduced));
        }
        rows.extend(subject.rows(&REDUCED, &reduced));
    }
    rows
}

/// Processor time, if nothing else ran beside the cells.
pub fn cost_rows(case: &TheoryCase, cells: &[&TheoryCell]) -> Vec<Row> {
    let of_method = |method| {
        case.subject_of(method)
            .rows(&[REDUCED_COST], &reduced_by(method, cells))
    };
    let student = case.subject("student").rows(&[STUDENT_COST], cells);
    student
        .into_iter()
        .chain(Reduction::ALL.into_iter().flat_map(of_method))
        .collect()
}

fn reduced_by<'a>(method: Reduction, cells: &[&'a TheoryCell]) -> Vec<&'a ReducedStudent> {
    cells.iter().filter_map(|cell| cell.of(method)).collect()
}

impl TheoryCase {
    fn subject(&self, name: &str) -> Subject {
        Subject::new(name)
            .case("problem", self.sizes())
            .case("training", self.training.name())
    }

    fn subject_of(&self, method: Reduction) -> Subject {
        let subject = self.subject(method.name());
        if method.is_control() {
            subject.control()
        } else {
            subject
        }
    }
}

/// A loss, which spans decades.
const fn loss<C>(of: fn(&C) -> Option<f64>) -> Metric<C> {
    Metric::geometric("loss_geometric_mean", of)
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn flag(is_so: bool) -> Option<f64> {
    Some(f64::from(u8::from(is_so)))
}

fn count(step: Option<usize>) -> Option<f64> {
    step.map(|step| step as f64)
}

/// The least over teachers.
fn least(cell: &TheoryCell, value: fn(&Pair) -> f64) -> Option<f64> {
    cell.alignment.pairs.iter().map(value).reduce(f64::min)
}

/// The mean over teachers.
fn mean(cell: &TheoryCell, value: fn(&Pair) -> f64) -> Option<f64> {
    let pairs = &cell.alignment.pairs;
    Some(pairs.iter().map(value).sum::<f64>() / pairs.len() as f64)
}
