//! Runs a claim and returns its outcome.

use std::time::Instant;

use super::claim::{Claim, Measured};
use super::desk::Desk;
use super::progress::ClaimProgress;
use super::setting::Setting;
use crate::ExperimentError;
use crate::outcome::Outcome;
use crate::report::Chart;

/// The products of one run of a claim.
#[derive(Debug, Clone)]
pub struct Reproduction {
    /// Every number, with notes.
    pub outcome: Outcome,
    /// Views of it.
    pub charts: Vec<Chart>,
}

/// Opens a claim, measures the cells that are wanted and reports over them.
///
/// # Errors
///
/// If data are missing, no cell is wanted, a run fails, or what is kept cannot be read or written.
pub fn reproduce<C: Claim>(setting: &Setting, progress: &ClaimProgress) -> Result<Reproduction, ExperimentError> {
    let started = Instant::now();
    let mut outcome = Outcome::new(C::ABOUT.name, setting.tier, setting.backend.name());
    outcome.title = C::ABOUT.title.into();
    outcome.only.clone_from(&setting.only);
    outcome.reference = C::ABOUT.reference.into();
    let desk = Desk::new(setting, &outcome, progress);
    let claim = C::open(&desk)?;
    let cells = measure(&claim, &desk)?;
    outcome.seeds = claim.seeds();
    outcome.rows = claim.rows(&cells)?;
    outcome.notes = claim.notes(&cells)?;
    outcome.paper = claim.paper();
    outcome.seconds = started.elapsed().as_secs_f64();
    let questions = claim.questions();
    outcome.answers = questions
        .iter()
        .filter_map(|question| question.answer(&outcome))
        .collect();
    let charts = claim.charts(&outcome, &cells)?;
    outcome.charts = charts.iter().map(|chart| chart.entry.clone()).collect();
    Ok(Reproduction { outcome, charts })
}

/// The cells of a claim that were wanted, in the order of time.
type Cells<C> = Vec<Measured<<C as Claim>::Key, <C as Claim>::Cell>>;

fn measure<C: Claim>(claim: &C, desk: &Desk) -> Result<Cells<C>, ExperimentError> {
    let mut keys = claim.keys();
    if !keys.is_empty() && !keys.iter().any(|key| desk.setting.wants(&key.to_string())) {
        return Err(refuse_all::<C>(&keys, desk));
    }
    keys.retain(|key| C::is_reference(key) || desk.setting.wants(&key.to_string()));
    desk.count_on(keys.len());
    let cells = desk.measure_all(claim.order(), &keys, |key| claim.measure(key, desk))?;
    Ok(keys
        .into_iter()
        .zip(cells)
        .map(|(key, cell)| Measured { key, cell })
        .collect())
}

/// Names of cells that an error lists.
const N_NAMES: usize = 6;

fn refuse_all<C: Claim>(keys: &[C::Key], desk: &Desk) -> ExperimentError {
    // Names far apart show more than those of one method.
    let every = keys.len().div_ceil(N_NAMES).max(1);
    let names: Vec<String> = keys.iter().step_by(every).map(ToString::to_string).collect();
    ExperimentError::NoCell {
        claim: C::ABOUT.name,
        only: desk.setting.only.join("\" or \""),
        n_cells: keys.len(),
        some: names.join(", "),
    }
}
