//! One student with one seed: what it found, and what pruning and fine-tuning made of it.

use std::fs;

use secateurs::moe_theory::{
    Alignment, Course, Merging, Mixture, Pruning, Selection, Target, TheoryError, fine_tune, learn_features, loss,
    merge_and_drop, prune,
};
use serde::{Deserialize, Serialize};

use super::case::Case;

/// Rows that decide about experts, and as many that measure.
const ROWS: usize = 40_000;

/// A cosine at which a router or an expert has arrived.
const ARRIVED: f64 = 0.95;

/// How it is pruned. The last three are controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Method {
    Pursuit,
    OwnOutput,
    Merge,
    Magnitude,
    Random,
    /// Not pruned: a student that has no more experts than its teacher from the start.
    Scratch,
}

impl Method {
    pub(super) const ALL: [Self; 6] = [
        Self::Pursuit,
        Self::OwnOutput,
        Self::Merge,
        Self::Magnitude,
        Self::Random,
        Self::Scratch,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pursuit => "pursuit",
            Self::OwnOutput => "pursuit-of-own-output",
            Self::Merge => "merge-and-drop",
            Self::Magnitude => "magnitude",
            Self::Random => "random",
            Self::Scratch => "from-scratch",
        }
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Magnitude | Self::Random | Self::Scratch)
    }
}

/// All that was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    /// The name of its case.
    pub(super) case: String,
    pub(super) seed: u64,
    pub(super) course: Course,
    pub(super) alignment: Alignment,
    /// On fresh rows, after features were learned.
    pub(super) loss: f64,
    pub(super) cpu_seconds: Option<f64>,
    pub(super) pruned: Vec<Pruned>,
}

/// A student that was pruned and fine-tuned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pruned {
    pub(super) method: Method,
    pub(super) n_kept: usize,
    /// Against the teacher on fresh rows.
    pub(super) loss: f64,
    /// Steps and losses of fine-tuning; absent if it diverged, or was not tried on fewer experts than the teacher has.
    pub(super) tuned: Option<Vec<(usize, f64)>>,
    pub(super) cpu_seconds: Option<f64>,
}

impl Cell {
    pub(super) fn new(case: &Case, seed: u64) -> Result<Self, TheoryError> {
        let teacher = Mixture::teacher(case.n_teachers, case.d_input, seed)?;
        let started = cpu_seconds();
        let (student, course) = learned(case, (case.n_experts, seed), &teacher)?;
        let cpu_seconds = since(started);
        let pruned = Method::ALL.into_iter();
        let pruned = pruned.map(|method| Pruned::new(case, (&student, &teacher), (method, seed)));
        Ok(Self {
            case: case.name(),
            seed,
            alignment: Alignment::new(&student, &teacher)?,
            loss: loss(&student, Target::Mixture(&teacher), ROWS, seed)?,
            cpu_seconds,
            pruned: pruned.collect::<Result<_, TheoryError>>()?,
            course,
        })
    }

    /// What one way of pruning led to.
    pub(super) fn of(&self, method: Method) -> Option<&Pruned> {
        self.pruned.iter().find(|pruned| pruned.method == method)
    }

    /// Share of teachers whose expert arrived, and did so before its router; absent if none arrived.
    pub(super) fn experts_first(&self) -> Option<f64> {
        let arrivals = self.course.arrivals(ARRIVED);
        let arrived = arrivals
            .iter()
            .filter_map(|arrival| Some((arrival.expert?, arrival.router)));
        let first: Vec<bool> = arrived
            .map(|(expert, router)| router.is_none_or(|router| router > expert))
            .collect();
        let count = first.iter().filter(|first| **first).count();
        (!first.is_empty()).then(|| count as f64 / first.len() as f64)
    }

    /// Steps at which experts arrived.
    pub(super) fn expert_arrivals(&self) -> Vec<usize> {
        let arrivals = self.course.arrivals(ARRIVED).into_iter();
        arrivals.filter_map(|arrival| arrival.expert).collect()
    }
}

fn learned(case: &Case, (n_experts, seed): (usize, u64), teacher: &Mixture) -> Result<(Mixture, Course), TheoryError> {
    let student = case.student(n_experts, seed)?;
    learn_features(student, teacher, &case.learning(seed), &mut |_| ())
}

/// What is left of the student before it is fine-tuned.
fn left(
    case: &Case,
    (student, teacher): (&Mixture, &Mixture),
    (method, seed): (Method, u64),
) -> Result<Mixture, TheoryError> {
    let selected = |selection, target| {
        let options = Pruning {
            rows: ROWS,
            n_kept: case.n_teachers,
            seed,
            selection,
            ..Pruning::default()
        };
        prune(student, target, &options).map(|(left, _)| left)
    };
    let merging = Merging {
        rows: ROWS,
        seed,
        ..Merging::default()
    };
    let target = Target::Mixture(teacher);
    match method {
        Method::Pursuit => selected(Selection::Pursuit, target),
        Method::OwnOutput => selected(Selection::Pursuit, Target::OwnOutput),
        Method::Merge => merge_and_drop(student, target, &merging).map(|(left, _)| left),
        Method::Magnitude => selected(Selection::Magnitude, target),
        Method::Random => selected(Selection::Random, target),
        Method::Scratch => learned(case, (case.n_teachers, seed), teacher).map(|(left, _)| left),
    }
}

impl Pruned {
    fn new(
        case: &Case,
        (student, teacher): (&Mixture, &Mixture),
        (method, seed): (Method, u64),
    ) -> Result<Self, TheoryError> {
        let started = cpu_seconds();
        let left = left(case, (student, teacher), (method, seed))?;
        Ok(Self {
            method,
            n_kept: left.n_experts(),
            loss: loss(&left, Target::Mixture(teacher), ROWS, seed)?,
            tuned: tuned(case, left, (teacher, seed))?,
            cpu_seconds: since(started),
        })
    }

    /// The loss after so many steps of fine-tuning.
    pub(super) fn after(&self, steps: usize) -> Option<f64> {
        let at = self.tuned.as_ref()?.iter().find(|(step, _)| *step == steps);
        at.map(|(_, loss)| *loss)
    }
}

/// Steps and losses of fine-tuning. Absent if the loss does not stay finite, or experts are too few.
fn tuned(
    case: &Case,
    left: Mixture,
    (teacher, seed): (&Mixture, u64),
) -> Result<Option<Vec<(usize, f64)>>, TheoryError> {
    match fine_tune(left, teacher, &case.tuning(seed), &mut |_| ()) {
        Ok((_, course)) => Ok(Some(
            course.records.iter().map(|record| (record.step, record.loss)).collect(),
        )),
        Err(TheoryError::LossNotFinite { .. } | TheoryError::TooFewExperts { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Seconds that all threads of this process have computed for, where the system tells (Linux).
fn cpu_seconds() -> Option<f64> {
    /// Linux counts in hundredths of a second here, whatever its own clock does.
    const TICKS_PER_SECOND: f64 = 100.0;
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, may hold anything; times in user and system mode are the 12th and 13th after it.
    let (_, fields) = text.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = ticks.map(|ticks| ticks.parse().ok()).collect::<Option<_>>()?;
    Some(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

fn since(started: Option<f64>) -> Option<f64> {
    Some(cpu_seconds()? - started?)
}
