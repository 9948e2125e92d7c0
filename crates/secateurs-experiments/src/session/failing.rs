//! Records claims that ended without an outcome.

use secateurs_datasets::DatasetError;
use secateurs_terminal::{CaughtPanic, one_line};

use super::standing::RunningClaim;
use crate::ExperimentError;
use crate::claims::{ListedClaim, Setting};
use crate::outcome::{Failure, FailureKind};

/// The end of a claim without an outcome.
pub(super) enum Ending<'a> {
    Failed(&'a ExperimentError),
    Panicked(&'a CaughtPanic),
    Interrupted,
}

/// A claim that ended without an outcome.
pub(super) struct EndedClaim<'a> {
    pub claim: &'a ListedClaim,
    pub running: &'a RunningClaim,
    pub setting: &'a Setting,
    /// The commit of the code, `-dirty` if it was changed.
    pub commit: &'a str,
}

impl EndedClaim<'_> {
    /// The record of the failure.
    pub(super) fn record(&self, ending: &Ending<'_>) -> Failure {
        let missing = match ending {
            Ending::Failed(error) => missing_dataset(error),
            Ending::Panicked(_) | Ending::Interrupted => None,
        };
        let (kind, reason) = match ending {
            Ending::Failed(error) => match missing {
                Some(name) => (FailureKind::MissingData, format!("the data set {name} is missing")),
                None => (FailureKind::Failed, one_line(error)),
            },
            Ending::Panicked(panic) => (FailureKind::Panicked, panic.to_string()),
            Ending::Interrupted => (FailureKind::Interrupted, String::new()),
        };
        let progress = &self.running.progress;
        Failure {
            claim: self.claim.about.name.to_owned(),
            tier: self.setting.tier,
            device: self.setting.backend.name().to_owned(),
            commit: self.commit.to_owned(),
            date: self.running.date.clone(),
            kind,
            reason,
            n_done: progress.n_done(),
            n_cells: progress.n_cells(),
            remedy: match missing {
                Some(name) => format!("cargo xtask data get {name}"),
                None => self.next_command(),
            },
        }
    }

    /// The command that resumes the run; a changed tree never reuses earlier measurements.
    fn next_command(&self) -> String {
        let Setting {
            tier, backend, only, ..
        } = self.setting;
        let mut command = format!("cargo xtask reproduce {}", self.claim.about.name);
        if *tier != Default::default() {
            command += &format!(" --tier {tier}");
        }
        if *backend != Default::default() {
            command += &format!(" --device {}", backend.name());
        }
        only.iter().for_each(|name| command += &format!(" --only {name}"));
        if self.running.progress.n_done() > 0 && !self.commit.ends_with("-dirty") {
            command += " --resume";
        }
        command
    }
}

/// The data set that an error misses.
fn missing_dataset(error: &ExperimentError) -> Option<&str> {
    match error {
        ExperimentError::Dataset(DatasetError::NotResolved { dataset, .. }) => Some(dataset),
        _ => None,
    }
}
