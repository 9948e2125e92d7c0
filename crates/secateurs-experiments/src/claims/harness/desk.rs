//! The working place of a claim.

use std::fmt::Display;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::progress::ClaimProgress;
use super::setting::Setting;
use super::store::{CellStore, ModelPlace};
use super::workers::{Order, work_side_by_side};
use crate::ExperimentError;
use crate::outcome::Outcome;

/// The setting of a run, the folders of its claim and its progress.
pub struct Desk {
    /// Extent and place of the run.
    pub setting: Setting,
    store: CellStore,
    progress: ClaimProgress,
}

impl Desk {
    pub(super) fn new(setting: &Setting, outcome: &Outcome, progress: &ClaimProgress) -> Self {
        Self {
            setting: setting.clone(),
            store: CellStore::new(outcome, setting),
            progress: progress.clone(),
        }
    }

    /// Shows the present step beside the progress bar.
    pub fn say(&self, what: impl Into<String>) {
        self.progress.say(what.into());
    }

    /// Whether what an earlier run left may be taken.
    pub fn may_resume(&self) -> bool {
        self.store.may_resume()
    }

    /// A folder of the claim and the tier, whatever the commit.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn tier_folder(&self, what: &str) -> Result<PathBuf, ExperimentError> {
        self.store.tier_folder(what)
    }

    /// A folder of the claim that belongs to this commit on this device.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn folder(&self, what: &str) -> Result<PathBuf, ExperimentError> {
        self.store.folder(what)
    }

    /// The place of the model of a cell, by the cell's name.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made.
    pub fn model_place(&self, name: &str) -> Result<ModelPlace, ExperimentError> {
        self.store.model_place(name)
    }

    /// The cells of keys, in the order of keys, whatever the order in which they are measured.
    ///
    /// # Errors
    ///
    /// The first error in the order of time. No cell is begun after it; those under way are finished.
    pub(super) fn measure_all<K: Display + Sync, T: Serialize + DeserializeOwned + Send>(
        &self,
        order: Order,
        keys: &[K],
        measure: impl Fn(&K) -> Result<T, ExperimentError> + Sync,
    ) -> Result<Vec<T>, ExperimentError> {
        let once = |key: &K| self.measure_once(key, &measure);
        match order {
            Order::InTurn => keys.iter().map(once).collect(),
            Order::SideBySide => work_side_by_side(self.setting.backend, keys, once),
        }
    }

    /// The cell of a key, from an interrupted run where there is one that may be taken, or else measured.
    fn measure_once<K: Display, T: Serialize + DeserializeOwned>(
        &self,
        key: &K,
        measure: impl FnOnce(&K) -> Result<T, ExperimentError>,
    ) -> Result<T, ExperimentError> {
        let name = key.to_string();
        self.say(name.clone());
        if let Some(cell) = self.store.take(&name)? {
            self.progress.take_cell();
            return Ok(cell);
        }
        let cell = measure(key)?;
        self.store.keep(&name, &cell)?;
        self.progress.finish_cell();
        Ok(cell)
    }

    pub(super) fn count_on(&self, n_cells: usize) {
        self.progress.count_on(n_cells);
    }
}
