//! The standing of each claim of a run.

use std::time::Instant;

use crate::claims::{ClaimProgress, ListedClaim};
use crate::outcome::{Conclusion, Failure, Outcome};

/// A claim with its standing.
#[derive(Debug)]
pub(super) struct Entry {
    pub claim: ListedClaim,
    pub standing: Standing,
    /// Seconds that the claim took.
    pub seconds: f64,
}

/// The standing of a claim.
#[derive(Debug)]
pub(super) enum Standing {
    /// Its turn has not come.
    Waiting,
    /// It runs.
    Running(RunningClaim),
    /// It has an outcome, which is on disk.
    Done(Box<Outcome>),
    /// It has none, and the failure is on disk.
    Failed(FailedClaim),
    /// There was nothing to run.
    Skipped(String),
}

/// A claim that runs.
#[derive(Debug)]
pub(super) struct RunningClaim {
    pub since: Instant,
    /// Start of the run, UTC, RFC 3339.
    pub date: String,
    pub progress: ClaimProgress,
}

/// A claim that failed.
#[derive(Debug)]
pub(super) struct FailedClaim {
    pub failure: Failure,
    /// Whether an outcome of an earlier run is still there.
    pub has_earlier: bool,
}

impl Entry {
    pub(super) fn new(claim: ListedClaim) -> Self {
        Self {
            claim,
            standing: Standing::Waiting,
            seconds: 0.0,
        }
    }

    /// The end of the claim in lines of words: the verdict on each question, or why there is none.
    pub(super) fn result_lines(&self) -> Vec<String> {
        match &self.standing {
            Standing::Waiting => vec!["not run".to_owned()],
            Standing::Running(_) => vec!["running".to_owned()],
            Standing::Done(outcome) if outcome.answers.is_empty() => {
                vec![format!("measured: {} numbers, no verdict", outcome.rows.len())]
            }
            Standing::Done(outcome) => outcome.answers.iter().map(|answer| answer.sentence()).collect(),
            Standing::Failed(failed) => vec![failed.describe()],
            Standing::Skipped(reason) => vec![format!("not run: {reason}")],
        }
    }

    /// The conclusion, if there is one.
    pub(super) fn conclusion(&self) -> Option<Conclusion> {
        match &self.standing {
            Standing::Done(outcome) => outcome.conclusion(),
            _ => None,
        }
    }
}

impl FailedClaim {
    /// The failure, its remedy, and what is still there from before, in one line.
    pub(super) fn describe(&self) -> String {
        let Failure { remedy, .. } = &self.failure;
        let earlier = if self.has_earlier {
            "; the outcome of an earlier run is kept"
        } else {
            ""
        };
        format!("{}; {remedy}{earlier}", self.failure.sentence())
    }
}
