//! Charts of the course of trainings.

use secateurs::train::DualUpdate;
use secateurs::{Method, TrainingLog};
use secateurs_chart::{LinePlot, Point, Role, Scale, Series};

use crate::report::Chart;

/// The training of one method.
pub struct Course<'a> {
    pub method: Method,
    pub log: &'a TrainingLog,
}

/// Points of one course along its steps.
type Curve = fn(&TrainingLog) -> Vec<Point>;

/// One chart over the courses of all methods.
struct CourseChart {
    name: &'static str,
    title: &'static str,
    label: &'static str,
    scale: Scale,
    curve: Curve,
}

const CHARTS: [CourseChart; 5] = [
    CourseChart {
        name: "course-loss",
        title: "Training to 90 % zeros: loss of the dense weights",
        label: "loss of the dense weights, nats",
        scale: Scale::Linear,
        curve: |log| smooth(log.steps.iter().map(|step| point(step.step, step.loss)).collect()),
    },
    CourseChart {
        name: "course-sparse-perplexity",
        title: "Training to 90 % zeros: the model if it were pruned at a step",
        label: "perplexity on validation text (lower is better)",
        scale: Scale::Log,
        curve: |log| {
            let losses = log.sparse_losses.iter();
            let perplexity = |loss: Option<f64>| loss.map_or(f64::INFINITY, f64::exp);
            losses.map(|at| point(at.steps_done, perplexity(at.loss))).collect()
        },
    },
    CourseChart {
        name: "course-primal-residual",
        title: "Training to 90 % zeros: distance from the sparse copy",
        label: "||x - z|| / ||x||",
        scale: Scale::Log,
        curve: |log| updates(log, |update| update.relative_primal),
    },
    CourseChart {
        name: "course-dual-residual",
        title: "Training to 90 % zeros: moves of the sparse copy",
        label: "lambda ||z - z before||",
        scale: Scale::Log,
        curve: |log| {
            let mut moves = updates(log, |update| update.dual);
            moves.retain(|point| point.y.is_none_or(|dual| dual > 0.0));
            moves
        },
    },
    CourseChart {
        name: "course-mask-change",
        title: "Training to 90 % zeros: changes of the mask",
        label: "share of weights that enter or leave, %",
        scale: Scale::Linear,
        curve: |log| updates(log, |update| 100.0 * update.mask_change),
    },
];

/// Charts trainings at 90 %: loss, perplexity of the pruned model, distance from the sparse copy, moves of the mask.
pub fn chart_courses(courses: &[Course<'_>]) -> Vec<Chart> {
    CHARTS.iter().map(|chart| chart.draw(courses)).collect()
}

impl CourseChart {
    fn draw(&self, courses: &[Course<'_>]) -> Chart {
        let mut plot = LinePlot::new(self.title, "step of training", self.label).y_scale(self.scale);
        for (number, course) in courses.iter().enumerate() {
            let points = (self.curve)(course.log);
            if points.len() > 1 {
                plot = plot.series(Series::new(course.method.name(), Role::Measured, number, points));
            }
        }
        Chart::new(self.name, plot.to_svg()).titled(self.title)
    }
}

fn point(step: usize, value: f64) -> Point {
    Point::new(step as f64, value)
}

fn updates(log: &TrainingLog, value: fn(&DualUpdate) -> f64) -> Vec<Point> {
    let updates = log.steps.iter();
    updates
        .filter_map(|step| Some(point(step.step, value(step.dual_update.as_ref()?))))
        .collect()
}

/// Means over sixteen steps.
fn smooth(points: Vec<Point>) -> Vec<Point> {
    let mean = |chunk: &[Point]| {
        let sum: f64 = chunk.iter().map(|point| point.y.unwrap_or(f64::NAN)).sum();
        Point::new(chunk[chunk.len() / 2].x, sum / chunk.len() as f64)
    };
    points.chunks(16).map(mean).collect()
}
