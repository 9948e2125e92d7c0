//! Cells that an interrupted run has measured, for the next one to take.

use std::fs;
use std::path::{Path, PathBuf};

use secateurs::data::{read_text, write_atomic};
use secateurs::{Overwrite, staging_path};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ExperimentError;
use crate::outcome::{Outcome, reproduce_root};

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
    /// The folders of an outcome. What an earlier run left is taken if `resume` says so and the tree is a commit.
    ///
    /// A changed tree is none: what it measured is kept, but never taken for a later state of the code.
    pub(super) fn new(outcome: &Outcome, resume: bool) -> Self {
        Self {
            folder: outcome.folder(&reproduce_root()),
            state: Path::new(&outcome.commit).join(&outcome.device),
            may_resume: resume && !outcome.commit.ends_with("-dirty"),
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

    /// The cell of that name, from an interrupted run where there is one that may be taken, or else as `make` gives it.
    pub(super) fn keep<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<T, ExperimentError>,
    ) -> Result<T, ExperimentError> {
        let path = self.folder("cells")?.join(format!("{}.json", file_name(name)));
        if self.may_resume && path.exists() {
            return serde_json::from_str(&read_text(&path)?).map_err(ExperimentError::Json);
        }
        let cell = make()?;
        write_atomic(&path, &serde_json::to_vec(&cell).map_err(ExperimentError::Json)?)?;
        Ok(cell)
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
        CellStore {
            folder: outcome.folder(root),
            ..CellStore::new(&outcome, true)
        }
    }

    #[test]
    fn a_cell_is_measured_once_for_a_commit_but_anew_for_a_changed_tree() {
        let root = tempfile::tempdir().expect("a folder can be made");
        for (commit, again) in [("0123abc", 1), ("0123abc-dirty", 2)] {
            let store = store(root.path(), commit);
            let keep = |value: u32| store.keep("elsa-2:4-90%", || Ok(value)).expect("it can be kept");
            assert_eq!([keep(1), keep(2)], [1, again]);
        }
    }
}
