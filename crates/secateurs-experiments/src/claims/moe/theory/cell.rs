//! One student with one seed: its alignment, and its losses after pruning and fine-tuning.

use std::fs;

use secateurs::moe_theory::{
    Alignment, Course, Merging, Mixture, Pruning, Selection, Target, TheoryError, fine_tune, learn_features, loss,
    merge_and_drop, prune,
};
use serde::{Deserialize, Serialize};

use super::case::TheoryCase;

/// Rows that decide about experts, and as many that measure.
const ROWS: usize = 40_000;

/// A cosine at which a router or an expert has arrived.
const ARRIVED: f64 = 0.95;

/// Ways to leave fewer experts. The last three are controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reduction {
    Pursuit,
    OwnOutput,
    Merge,
    Magnitude,
    Random,
    /// Not pruned: a student that has no more experts than its teacher from the start.
    Scratch,
}

impl Reduction {
    pub const ALL: [Self; 6] = [
        Self::Pursuit,
        Self::OwnOutput,
        Self::Merge,
        Self::Magnitude,
        Self::Random,
        Self::Scratch,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pursuit => "pursuit",
            Self::OwnOutput => "pursuit-of-own-output",
            Self::Merge => "merge-and-drop",
            Self::Magnitude => "magnitude",
            Self::Random => "random",
            Self::Scratch => "from-scratch",
        }
    }

    pub fn is_control(self) -> bool {
        matches!(self, Self::Magnitude | Self::Random | Self::Scratch)
    }
}

/// The measurements of a cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TheoryCell {
    /// Name of its case.
    pub case: String,
    pub seed: u64,
    pub course: Course,
    pub alignment: Alignment,
    /// Loss on fresh rows, after features were learned.
    pub loss: f64,
    pub cpu_seconds: Option<f64>,
    pub pruned: Vec<ReducedStudent>,
}

/// A student that was pruned and fine-tuned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReducedStudent {
    pub method: Reduction,
    pub n_kept: usize,
    /// Loss against the teacher on fresh rows.
    pub loss: f64,
    /// Steps and losses of fine-tuning; absent if it diverged, or was not tried on fewer experts than the teacher has.
    pub tuned: Option<Vec<(usize, f64)>>,
    pub cpu_seconds: Option<f64>,
}

impl TheoryCell {
    /// Trains a student with one seed, then prunes and fine-tunes it in every way.
    pub fn measure(case: &TheoryCase, seed: u64) -> Result<Self, TheoryError> {
        let lesson = Lesson::new(case, seed)?;
        let started = cpu_seconds();
        let (student, course) = lesson.learn(case.n_experts)?;
        let cpu_seconds = since(started);
        let reductions = Reduction::ALL.into_iter();
        Ok(Self {
            case: case.name(),
            seed,
            alignment: Alignment::new(&student, &lesson.teacher)?,
            loss: lesson.loss(&student)?,
            cpu_seconds,
            pruned: reductions
                .map(|method| lesson.reduce_and_tune(&student, method))
                .collect::<Result<_, TheoryError>>()?,
            course,
        })
    }

    /// The result of one way of pruning.
    pub fn of(&self, method: Reduction) -> Option<&ReducedStudent> {
        self.pruned.iter().find(|pruned| pruned.method == method)
    }

    /// Share of teachers whose expert arrived, and did so before its router; absent if none arrived.
    pub fn experts_first(&self) -> Option<f64> {
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
    pub fn expert_arrivals(&self) -> Vec<usize> {
        let arrivals = self.course.arrivals(ARRIVED).into_iter();
        arrivals.filter_map(|arrival| arrival.expert).collect()
    }
}

#[cfg(test)]
impl TheoryCell {
    /// A cell of a student that learned nothing.
    pub fn fabricate(case: &TheoryCase, seed: u64) -> Self {
        let lesson = Lesson::new(case, seed).expect("the case is valid");
        let student = case.student(case.n_experts, seed).expect("the case is valid");
        let reduced = Reduction::ALL.map(|method| ReducedStudent {
            method,
            n_kept: case.n_teachers,
            loss: 1.0,
            tuned: Some(vec![(500, 1e-3), (1000, 1e-6), (1500, 1e-9)]),
            cpu_seconds: None,
        });
        Self {
            case: case.name(),
            seed,
            course: Course {
                n_teachers: case.n_teachers,
                records: Vec::new(),
            },
            alignment: Alignment::new(&student, &lesson.teacher).expect("widths agree"),
            loss: 1.0,
            cpu_seconds: None,
            pruned: reduced.into(),
        }
    }
}

/// One case with one seed, and so one teacher.
struct Lesson<'a> {
    case: &'a TheoryCase,
    seed: u64,
    teacher: Mixture,
}

impl<'a> Lesson<'a> {
    fn new(case: &'a TheoryCase, seed: u64) -> Result<Self, TheoryError> {
        Ok(Self {
            case,
            seed,
            teacher: Mixture::teacher(case.n_teachers, case.d_input, seed)?,
        })
    }

    /// A student of that many experts that has learned features.
    fn learn(&self, n_experts: usize) -> Result<(Mixture, Course), TheoryError> {
        let student = self.case.student(n_experts, self.seed)?;
        learn_features(student, &self.teacher, &self.case.learning(self.seed), &mut |_| ())
    }

    /// Measures the loss against the teacher, on fresh rows.
    fn loss(&self, student: &Mixture) -> Result<f64, TheoryError> {
        loss(student, Target::Mixture(&self.teacher), ROWS, self.seed)
    }

    fn reduce_and_tune(&self, student: &Mixture, method: Reduction) -> Result<ReducedStudent, TheoryError> {
        let started = cpu_seconds();
        let left = self.reduce(student, method)?;
        Ok(ReducedStudent {
            method,
            n_kept: left.n_experts(),
            loss: self.loss(&left)?,
            tuned: self.tune(left)?,
            cpu_seconds: since(started),
        })
    }

    /// The student with few experts, before it is fine-tuned.
    fn reduce(&self, student: &Mixture, method: Reduction) -> Result<Mixture, TheoryError> {
        let target = Target::Mixture(&self.teacher);
        match method {
            Reduction::Pursuit => self.select(student, target, Selection::Pursuit),
            Reduction::OwnOutput => self.select(student, Target::OwnOutput, Selection::Pursuit),
            Reduction::Merge => {
                let merging = Merging {
                    rows: ROWS,
                    seed: self.seed,
                    ..Merging::default()
                };
                merge_and_drop(student, target, &merging).map(|(left, _)| left)
            }
            Reduction::Magnitude => self.select(student, target, Selection::Magnitude),
            Reduction::Random => self.select(student, target, Selection::Random),
            Reduction::Scratch => self.learn(self.case.n_teachers).map(|(left, _)| left),
        }
    }

    fn select(&self, student: &Mixture, target: Target<'_>, selection: Selection) -> Result<Mixture, TheoryError> {
        let options = Pruning {
            rows: ROWS,
            n_kept: self.case.n_teachers,
            seed: self.seed,
            selection,
            ..Pruning::default()
        };
        prune(student, target, &options).map(|(left, _)| left)
    }

    /// Steps and losses of fine-tuning. Absent if the loss does not stay finite, or experts are too few.
    fn tune(&self, left: Mixture) -> Result<Option<Vec<(usize, f64)>>, TheoryError> {
        match fine_tune(left, &self.teacher, &self.case.tuning(self.seed), &mut |_| ()) {
            Ok((_, course)) => Ok(Some(
                course.records.iter().map(|record| (record.step, record.loss)).collect(),
            )),
            Err(TheoryError::LossNotFinite { .. } | TheoryError::TooFewExperts { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl ReducedStudent {
    /// The loss after so many steps of fine-tuning.
    pub fn after(&self, steps: usize) -> Option<f64> {
        let at = self.tuned.as_ref()?.iter().find(|(step, _)| *step == steps);
        at.map(|(_, loss)| *loss)
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
