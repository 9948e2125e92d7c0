//! The standing of each claim of a run.

use std::time::Instant;

use super::count::count_conclusions;
use crate::claims::{ClaimProgress, ListedClaim};
use crate::outcome::{Answer, Conclusion, Failure, FailureKind, Outcome};

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
    /// A claim that waits for its turn.
    Waiting,
    /// A claim that runs.
    Running(RunningClaim),
    /// A claim with an outcome, which is on disk.
    Done(Box<Outcome>),
    /// A claim without an outcome; the failure is on disk.
    Failed(FailedClaim),
    /// A claim with nothing to run.
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

    /// The end of the claim in words: the verdict on its first question and the number of those on the others, or why there is
    /// none.
    pub(super) fn result(&self) -> String {
        match &self.standing {
            Standing::Waiting => "not run".to_owned(),
            Standing::Running(_) => "running".to_owned(),
            Standing::Done(outcome) => match outcome.answers.first() {
                None => format!("measured: {} numbers, no verdict", outcome.rows.len()),
                Some(first) => first.short_sentence() + &self.describe_further(),
            },
            Standing::Failed(failed) => failed.describe(),
            Standing::Skipped(reason) => format!("not run: {reason}"),
        }
    }

    /// The reason in short for which there is no verdict.
    pub(super) fn reason(&self) -> String {
        match &self.standing {
            Standing::Failed(failed) => failed.failure.sentence(),
            Standing::Skipped(_) => "not run: no cell has a name like that".to_owned(),
            _ => self.result(),
        }
    }

    /// The verdicts on the further questions in numbers.
    fn describe_further(&self) -> String {
        let conclusions: Vec<Conclusion> = self.further_conclusions().collect();
        if conclusions.is_empty() {
            return String::new();
        }
        format!("; further: {}", count_conclusions(&conclusions).join(", "))
    }

    /// The answers to the claim's questions; none without an outcome.
    pub(super) fn answers(&self) -> &[Answer] {
        match &self.standing {
            Standing::Done(outcome) => &outcome.answers,
            _ => &[],
        }
    }

    /// The conclusion on the first question, which is the point of the claim.
    pub(super) fn conclusion(&self) -> Option<Conclusion> {
        self.answers().first().map(|answer| answer.conclusion)
    }

    /// The conclusions on the further questions.
    pub(super) fn further_conclusions(&self) -> impl Iterator<Item = Conclusion> {
        self.answers().iter().skip(1).map(|answer| answer.conclusion)
    }
}

impl FailedClaim {
    /// The failure, its remedy, and any earlier outcome, in one line.
    pub(super) fn describe(&self) -> String {
        let Failure { kind, remedy, .. } = &self.failure;
        let how = match kind {
            FailureKind::MissingData => "get it with",
            _ if remedy.contains("--resume") => "go on with",
            _ => "try again with",
        };
        let earlier = if self.has_earlier {
            "; the outcome of an earlier run is kept"
        } else {
            ""
        };
        format!("{}; {how} `{remedy}`{earlier}", self.failure.sentence())
    }
}
