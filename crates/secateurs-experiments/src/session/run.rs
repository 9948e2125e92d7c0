//! The run of several claims.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use secateurs::data::abandon_work;
use secateurs_terminal::{CaughtPanic, EndSignal, catch_panic, on_end_signal, one_line};

use super::failing::{EndedClaim, Ending};
use super::screen::{Detail, Screen};
use super::standing::{Entry, FailedClaim, RunningClaim, Standing};
use super::summary::{count_verdicts, draw_table};
use super::time::{TimePlan, describe_seconds};
use crate::ExperimentError;
use crate::claims::{ClaimProgress, ListedClaim, Reproduction, Setting, axes_of, claim_names, remove_scratch};
use crate::outcome::{Environment, Failure, current_commit, workspace_root};
use crate::report::{pivots_along, write_report};

/// A run of several claims, shared by the thread that works and the thread that waits for signals.
#[derive(Clone)]
pub struct Session {
    setting: Setting,
    screen: Screen,
    commit: String,
    started: Instant,
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// The end of a claim's run.
type Ended = Result<Result<Reproduction, ExperimentError>, CaughtPanic>;

impl Session {
    /// A run of some claims, one after another.
    pub fn new(claims: &[ListedClaim], setting: Setting, screen: Screen) -> Self {
        let entries = claims.iter().map(|claim| Entry::new(*claim)).collect();
        Self {
            setting,
            screen,
            commit: current_commit(workspace_root()),
            started: Instant::now(),
            entries: Arc::new(Mutex::new(entries)),
        }
    }

    /// Lets the first Ctrl-C or SIGTERM end the run in order: cells that are done are kept, the claim's failure, the table and
    /// the page are written. A second signal ends the process at once.
    pub fn end_in_order(&self) {
        let session = self.clone();
        on_end_signal(move |signal: EndSignal| {
            let _ = abandon_work();
            session.interrupt();
            remove_scratch();
            signal.exit();
        });
    }

    /// Runs all claims, whatever happens to one of them, and writes the page; whether every one has an outcome.
    pub fn run(&self) -> bool {
        let n_claims = self.announce();
        for index in 0..n_claims {
            let (claim, progress) = self.begin(index);
            let ended = catch_panic(|| claim.run(&self.setting, &progress));
            self.end(index, ended);
        }
        let entries = self.lock();
        let has_page = self.conclude(&entries);
        let is_outcome = |entry: &Entry| matches!(entry.standing, Standing::Done(_));
        let may_miss = |entry: &Entry| is_outcome(entry) || matches!(entry.standing, Standing::Skipped(_));
        has_page && entries.iter().any(is_outcome) && entries.iter().all(may_miss)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces the claims, and returns their number.
    fn announce(&self) -> usize {
        let entries = self.lock();
        let Setting { tier, backend, .. } = &self.setting;
        let costs = entries.iter().map(|entry| entry.claim.about.cost.seconds(*tier));
        let cost = costs
            .sum::<Option<f64>>()
            .map(|cost| format!(", about {}", describe_seconds(cost)));
        let claims = if entries.len() == 1 { "claim" } else { "claims" };
        let line = format!(
            "{} {claims}, {tier} tier on {}{}",
            entries.len(),
            backend.name(),
            cost.unwrap_or_default()
        );
        self.screen.write_wrapped(&line, "  ");
        if self.setting.resume && self.commit.ends_with("-dirty") {
            let line = "files differ from the commit, so nothing of an earlier run is taken";
            self.screen.write_wrapped(line, "  ");
        }
        entries.len()
    }

    fn begin(&self, index: usize) -> (ListedClaim, ClaimProgress) {
        let mut entries = self.lock();
        let tier = self.setting.tier;
        // A claim that ended early says nothing of the pace.
        let is_cut = |entry: &Entry| matches!(entry.standing, Standing::Failed(_) | Standing::Skipped(_));
        let state = |entry: &Entry| match is_cut(entry) {
            true => Some(0.0),
            false => entry.claim.about.cost.seconds(tier),
        };
        let stated: Vec<Option<f64>> = entries.iter().map(state).collect();
        let before = entries[..index].iter().filter(|entry| !is_cut(entry));
        let spent = before.map(|entry| entry.seconds).sum();
        let plan = TimePlan::new(&stated, index, spent);
        let progress = self.screen.begin_claim(&name_entry(&entries, index), plan);
        entries[index].standing = Standing::Running(RunningClaim {
            since: Instant::now(),
            date: Environment::here().date,
            progress: progress.clone(),
        });
        (entries[index].claim, progress)
    }

    fn end(&self, index: usize, ended: Ended) {
        let mut entries = self.lock();
        let Standing::Running(running) = &entries[index].standing else {
            unreachable!("a claim ends once, and after it began");
        };
        running.progress.clear();
        let seconds = running.since.elapsed().as_secs_f64();
        let standing = self.judge(&entries[index].claim, running, ended);
        entries[index].seconds = seconds;
        entries[index].standing = standing;
        self.screen.end_claim(&name_entry(&entries, index), &entries[index]);
    }

    /// Keeps the claim's outcome, or the record of its failure.
    fn judge(&self, claim: &ListedClaim, running: &RunningClaim, ended: Ended) -> Standing {
        let ended = ended.map(|measured| measured.and_then(|reproduction| self.keep(claim, reproduction)));
        match ended {
            Ok(Ok(standing)) => standing,
            Ok(Err(error @ ExperimentError::NoCell { .. })) => Standing::Skipped(one_line(&error)),
            Ok(Err(error)) => self.fail(claim, running, &Ending::Failed(&error)),
            Err(panic) => self.fail(claim, running, &Ending::Panicked(&panic)),
        }
    }

    fn keep(&self, claim: &ListedClaim, reproduction: Reproduction) -> Result<Standing, ExperimentError> {
        let Reproduction { outcome, charts } = reproduction;
        let root = &self.setting.root;
        let mut paths = vec![outcome.write(root)?];
        for chart in &charts {
            paths.push(outcome.write_plot(root, &chart.entry.name, &chart.svg)?);
        }
        Failure::remove(root, claim.about.name, self.setting.tier)?;
        if self.screen.detail == Detail::AllNumbers {
            for table in pivots_along(&outcome, claim.about.axes) {
                self.screen.write(&format!("{table}\n"));
            }
            paths
                .iter()
                .for_each(|path| self.screen.write(&format!("{}\n", path.display())));
        }
        Ok(Standing::Done(Box::new(outcome)))
    }

    fn fail(&self, claim: &ListedClaim, running: &RunningClaim, ending: &Ending<'_>) -> Standing {
        let ended = EndedClaim {
            claim,
            running,
            setting: &self.setting,
            commit: &self.commit,
        };
        let mut failure = ended.record(ending);
        if let Err(error) = failure.write(&self.setting.root) {
            failure.reason += &format!("; {}", one_line(&error));
        }
        let has_earlier = self.outcome_file(claim).is_file();
        Standing::Failed(FailedClaim { failure, has_earlier })
    }

    fn outcome_file(&self, claim: &ListedClaim) -> PathBuf {
        let folder = self.setting.root.join(claim.about.name);
        folder.join(self.setting.tier.to_string()).join("outcome.json")
    }

    /// Ends the run in the middle of a claim. The thread that works waits from then on.
    pub(super) fn interrupt(&self) {
        let mut entries = self.lock();
        let running = entries
            .iter()
            .position(|entry| matches!(entry.standing, Standing::Running(_)));
        if let Some(index) = running
            && let Standing::Running(running) = &entries[index].standing
        {
            running.progress.clear();
            let seconds = running.since.elapsed().as_secs_f64();
            let standing = self.fail(&entries[index].claim, running, &Ending::Interrupted);
            entries[index].seconds = seconds;
            entries[index].standing = standing;
            self.screen.end_claim(&name_entry(&entries, index), &entries[index]);
        }
        self.conclude(&entries);
        std::mem::forget(entries);
    }

    /// Shows the table and the answer, and writes the page; whether it could be written.
    fn conclude(&self, entries: &[Entry]) -> bool {
        self.screen.write(&draw_table(entries, self.screen.width()));
        let answer = count_verdicts(entries, self.started.elapsed().as_secs_f64());
        self.screen.write_wrapped(&answer, "  ");
        match write_report(&self.setting.root, &claim_names(), axes_of) {
            Ok(page) => {
                self.screen.write(&format!("{}\n", page.display()));
                true
            }
            Err(error) => {
                self.screen
                    .write_wrapped(&format!("no page: {}", one_line(&error)), "  ");
                false
            }
        }
    }
}

/// `[3/7] sparse`.
fn name_entry(entries: &[Entry], index: usize) -> String {
    format!("[{}/{}] {}", index + 1, entries.len(), entries[index].claim.about.name)
}
