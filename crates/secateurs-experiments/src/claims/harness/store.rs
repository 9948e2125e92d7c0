//! Cells that an interrupted run has measured, for the next one to take.

use std::fs;
use std::path::{Path, PathBuf};

use secateurs::data::{read_text, write_atomic};
use secateurs::{Overwrite, staging_path};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::setting::Setting;
use crate::ExperimentError;
use crate::outcome::Outcome;

/// The folders of one claim that belong to one commit on one device.
#[derive(Debug, Clone)]
pub(super) struct CellStore {
    /// Folder of the claim and the tier.
    folder: PathBuf,
    /// Commit and device.
    state: PathBuf,
    may_resume: bool,
}

/// The place where the model of a cell is made.
#[derive(Debug, Clone)]
pub struct ModelPlace {
    /// The model's folder.
    pub out: PathBuf,
    /// Treatment of a model that is there already.
    pub overwrite: Overwrite,
}

impl CellStore {
    /// The folders of an outcome. What an earlier run left is taken if the setting says so and the tree is a commit.
    ///
    /// A changed tree is none: what it measured is kept, but never taken for a later state of the code.
    pub(super) fn new(outcome: &Outcome, setting: &Setting) -> Self {
        Self {
            folder: outcome.folder(&setting.root),
            state: Path::new(&outcome.commit).join(&outcome.device),
            may_resume: setting.resume && !outcome.commit.ends_with("-dirty"),
        }
    }

    pub(super) fn may_resume(&self) -> bool {
        self.may_resume
    }

    /// A folder of the claim and the tier, whatever the commit.
    pub(super) fn tier_folder(&self, what: &str) -> Result<PathBuf, ExperimentError> {
        make_folder(self.folder.join(what))
    }

    /// A folder of this commit on this device.
    pub(super) fn folder(&self, what: &str) -> Result<PathBuf, ExperimentError> {
        make_folder(self.folder.join(what).join(&self.state))
    }

    /// The cell of that name that an interrupted run has measured, if there is one that may be taken.
    pub(super) fn take<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ExperimentError> {
        let path = self.cell_file(name)?;
        if !self.may_resume || !path.exists() {
            return Ok(None);
        }
        let cell = serde_json::from_str(&read_text(&path)?);
        cell.map(Some)
            .map_err(|source| ExperimentError::KeptCell { path, source })
    }

    /// Keeps a cell for later runs.
    pub(super) fn keep<T: Serialize>(&self, name: &str, cell: &T) -> Result<(), ExperimentError> {
        let text = serde_json::to_vec(cell).map_err(ExperimentError::Json)?;
        Ok(write_atomic(&self.cell_file(name)?, &text)?)
    }

    fn cell_file(&self, name: &str) -> Result<PathBuf, ExperimentError> {
        Ok(self.folder("cells")?.join(format!("{}.json", file_name(name))))
    }

    /// The place of a cell's model. The model of an interrupted run is continued, if it may be taken.
    pub(super) fn model_place(&self, name: &str) -> Result<ModelPlace, ExperimentError> {
        let out = self.folder("models")?.join(file_name(name));
        let overwrite = if self.may_resume && staging_path(&out).exists() {
            Overwrite::Resume
        } else {
            Overwrite::Force
        };
        Ok(ModelPlace { out, overwrite })
    }
}

impl ModelPlace {
    /// Removes the model, once it has been measured.
    ///
    /// # Errors
    ///
    /// If it cannot be removed.
    pub fn remove(self) -> Result<(), ExperimentError> {
        fs::remove_dir_all(&self.out).map_err(|source| ExperimentError::Remove { path: self.out, source })
    }
}

fn make_folder(path: PathBuf) -> Result<PathBuf, ExperimentError> {
    match fs::create_dir_all(&path) {
        Ok(()) => Ok(path),
        Err(source) => Err(ExperimentError::Create { path, source }),
    }
}

fn file_name(name: &str) -> String {
    name.replace([':', '%'], "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Tier;

    fn store(root: &Path, commit: &str) -> CellStore {
        let outcome = Outcome {
            commit: commit.into(),
            ..Outcome::new("layerwise", Tier::Quick, "flex")
        };
        let setting = Setting {
            resume: true,
            ..Setting::quick(root).expect("there is a backend")
        };
        CellStore::new(&outcome, &setting)
    }

    #[test]
    fn a_cell_is_taken_again_for_its_commit_but_never_for_a_changed_tree() {
        let root = tempfile::tempdir().expect("a folder can be made");
        for (commit, expected) in [("0123abc", Some(1)), ("0123abc-dirty", None)] {
            let store = store(root.path(), commit);
            let take = || store.take::<u32>("elsa-2:4-90%").expect("it can be read");
            assert_eq!(take(), None);
            store.keep("elsa-2:4-90%", &1).expect("it can be kept");
            assert_eq!(take(), expected);
        }
    }

    #[test]
    fn a_damaged_cell_is_an_error_that_says_what_to_do() {
        let root = tempfile::tempdir().expect("a folder can be made");
        let store = store(root.path(), "0123abc");
        store.keep("a", &"text").expect("it can be kept");
        let error = store.take::<u32>("a").expect_err("it is no number").to_string();
        assert!(
            error.contains("a.json") && error.contains("without --resume"),
            "{error}"
        );
    }
}
