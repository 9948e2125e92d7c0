//! The working place of a claim.

use std::fmt::Display;
use std::path::PathBuf;

use indicatif::ProgressBar;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::progress::start_bar;
use super::setting::Setting;
use super::store::{CellStore, ModelPlace};
use super::workers::{Order, work_side_by_side};
use crate::ExperimentError;
use crate::outcome::Outcome;

/// The setting of a run, the folders of its claim and its progress bar.
pub struct Desk {
    /// Extent and place of the run.
    pub setting: Setting,
    store: CellStore,
    bar: ProgressBar,
}

impl Desk {
    pub(super) fn new(setting: &Setting, outcome: &Outcome) -> Self {
        Self {
            setting: setting.clone(),
            store: CellStore::new(outcome, setting.resume),
            bar: start_bar(),
        }
    }

    /// Says what is done now, beside the progress bar.
    pub fn say(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
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
        let cell = self.store.keep(&name, || measure(key))?;
        self.bar.inc(1);
        Ok(cell)
    }

    pub(super) fn count_on(&self, n_cells: usize) {
        self.bar.set_length(n_cells as u64);
    }

    pub(super) fn clear_bar(&self) {
        self.bar.finish_and_clear();
    }
}
