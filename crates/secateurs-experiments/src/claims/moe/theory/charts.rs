//! Charts of alignments and losses over steps.

use secateurs_chart::{LinePlot, Point, Role, Scale, Series};

use super::case::TheoryCase;
use super::cell::{Reduction, TheoryCell};
use crate::report::Chart;

const LOSS: &str = "Loss while a student learns, and after pruning to its teacher's size";

/// Alignments of experts or of routers over steps.
struct Alignments {
    name: &'static str,
    title: &'static str,
    label: &'static str,
    of: fn(&(usize, f64, f64)) -> f64,
}

const ALIGNMENTS: [Alignments; 2] = [
    Alignments {
        name: "2-experts",
        title: "Alignment of each teacher's nearest expert",
        label: "|cos(w, w*)|",
        of: |at| at.1,
    },
    Alignments {
        name: "3-routers",
        title: "Alignment of the router of each teacher's nearest expert",
        label: "cos(v, v*)",
        of: |at| at.2,
    },
];

/// Charts of one run.
pub fn charts(case: &TheoryCase, cell: &TheoryCell) -> Vec<Chart> {
    let name = |what: &str| format!("{}-{what}", case.name());
    let alignments = ALIGNMENTS
        .iter()
        .map(|what| Chart::new(name(what.name), what.draw(case, cell)).titled(what.title));
    let losses = Chart::new(name("1-loss"), losses(case, cell)).titled(LOSS);
    [losses].into_iter().chain(alignments).collect()
}

impl Alignments {
    /// One line for each teacher: the expert that is nearest to it at the end, or its router.
    fn draw(&self, case: &TheoryCase, cell: &TheoryCell) -> String {
        let mut plot = LinePlot::new(&describe(self.title, case), "step of training", self.label);
        for teacher in 0..case.n_teachers {
            let followed = cell.course.followed(teacher);
            let points = thin(followed.iter().map(|at| point(at.0, (self.of)(at))).collect());
            let name = format!("teacher {}", teacher + 1);
            plot = plot.series(Series::new(&name, Role::Measured, teacher, points));
        }
        plot.to_svg()
    }
}

/// Losses while features are learned, and then while what pruning left is fine-tuned.
fn losses(case: &TheoryCase, cell: &TheoryCell) -> String {
    let learned = cell.course.records.iter().map(|record| point(record.step, record.loss));
    let learned = Series::new("student", Role::Measured, 0, thin(learned.collect()));
    let mut plot = LinePlot::new(
        &describe(LOSS, case),
        "step of training",
        "loss, half the mean squared error",
    )
    .y_scale(Scale::Log)
    .series(learned);
    for (number, method) in Reduction::ALL.into_iter().enumerate() {
        let Some(tuned) = cell.of(method).and_then(|pruned| pruned.tuned.as_ref()) else {
            continue;
        };
        let role = if method.is_control() {
            Role::Control
        } else {
            Role::Measured
        };
        let points = tuned.iter().map(|(step, loss)| point(case.steps + step, *loss));
        plot = plot.series(Series::new(method.name(), role, number + 1, thin(points.collect())));
    }
    plot.to_svg()
}

fn describe(title: &str, case: &TheoryCase) -> String {
    format!("{title} ({}, {}, seed 0)", case.sizes(), case.training.name())
}

fn point(step: usize, value: f64) -> Point {
    Point::new(step as f64, value)
}

/// Leaves so few points that markers do not cover each other, the last one among them.
fn thin(points: Vec<Point>) -> Vec<Point> {
    const MOST: usize = 30;
    let stride = points.len().div_ceil(MOST).max(1);
    let last = points.len().saturating_sub(1);
    let chosen = points
        .into_iter()
        .enumerate()
        .filter(|(at, _)| at % stride == 0 || *at == last);
    chosen.map(|(_, point)| point).collect()
}
