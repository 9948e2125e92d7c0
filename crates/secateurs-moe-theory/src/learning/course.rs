//! Records of a training.

use serde::{Deserialize, Serialize};

use crate::matrix::cosine;
use crate::mixture::Mixture;

/// Record of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Steps that had been taken.
    pub step: usize,
    /// Loss `1/2 mean (f - f*)^2` on a batch before it is trained on.
    pub loss: f64,
    /// Cosines of routers, `cos(v_i, v*_j)`, `[n_experts, n_teachers]`, row by row.
    pub routers: Vec<f64>,
    /// Cosines of experts, `cos(w_i, w*_j)`, `[n_experts, n_teachers]`, row by row.
    pub experts: Vec<f64>,
}

/// All records of a training in order of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Course {
    /// Experts of the teacher.
    pub n_teachers: usize,
    /// Records from before the first step to after the last one.
    pub records: Vec<Record>,
}

/// The steps at which the expert that finds a teacher, and its router, came near to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The first recorded step at which the expert was near; `None` if it never was.
    pub expert: Option<usize>,
    /// The first recorded step at which the router was near.
    pub router: Option<usize>,
}

impl Course {
    /// The last record, after the last step; `None` if nothing was recorded.
    pub fn last(&self) -> Option<&Record> {
        self.records.last()
    }

    /// The record of a step.
    pub fn at(&self, step: usize) -> Option<&Record> {
        self.records.iter().find(|record| record.step == step)
    }

    /// The course of the expert that is nearest to a teacher at the end: step, `|cos(w, w*)|` and `cos(v, v*)`.
    ///
    /// Empty if there is no such teacher.
    pub fn followed(&self, teacher: usize) -> Vec<(usize, f64, f64)> {
        let (Some(last), true) = (self.last(), teacher < self.n_teachers) else {
            return Vec::new();
        };
        let n_experts = last.experts.len() / self.n_teachers;
        let place = |i: usize| i * self.n_teachers + teacher;
        let near = |i: usize| last.experts[place(i)].abs();
        let nearest = (1..n_experts).fold(0, |best, i| if near(i) > near(best) { i } else { best });
        let at = |record: &Record| {
            let place = place(nearest);
            (record.step, record.experts[place].abs(), record.routers[place])
        };
        self.records.iter().map(at).collect()
    }

    /// The steps, for each teacher, at which the expert that is nearest at the end, and its router, first reach a
    /// cosine of `level`.
    pub fn arrivals(&self, level: f64) -> Vec<Arrival> {
        let arrival = |teacher: usize| {
            let followed = self.followed(teacher);
            let first = |of: fn(&(usize, f64, f64)) -> f64| {
                let near = followed.iter().find(|at| of(at) >= level);
                near.map(|(step, ..)| *step)
            };
            Arrival {
                expert: first(|(_, expert, _)| *expert),
                router: first(|(.., router)| *router),
            }
        };
        (0..self.n_teachers).map(arrival).collect()
    }
}

impl Record {
    /// Record of a student.
    pub(crate) fn new(step: usize, loss: f64, student: &Mixture, teacher: &Mixture) -> Self {
        let cosines = |own: fn(&Mixture, usize) -> &[f64]| {
            let of = |i: usize| (0..teacher.n_experts()).map(move |j| cosine(own(student, i), own(teacher, j)));
            (0..student.n_experts()).flat_map(of).collect()
        };
        Self {
            step,
            loss,
            routers: cosines(Mixture::router),
            experts: cosines(Mixture::expert),
        }
    }
}
