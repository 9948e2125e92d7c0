//! What an interrupted run has measured, for the next one to take.

use std::path::{Path, PathBuf};

use secateurs::data::{read_text, write_atomic};
use secateurs::{Overwrite, staging_path};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Setting;
use crate::ExperimentError;
use crate::outcome::{Outcome, reproduce_root};

/// The folder of what belongs to one commit on one device.
///
/// # Errors
///
/// If it cannot be made.
pub(super) fn folder(outcome: &Outcome, what: &str) -> Result<PathBuf, ExperimentError> {
    let folder = outcome.folder(&reproduce_root()).join(what);
    let folder = folder.join(&outcome.commit).join(&outcome.device);
    std::fs::create_dir_all(&folder).map_err(|source| ExperimentError::Read {
        path: folder.clone(),
        source,
    })?;
    Ok(folder)
}

/// Whether what an earlier run left may be taken: the setting says to resume, and the tree is a commit.
///
/// A changed tree is none: what it measured is kept, but never taken for a later state of the code.
pub(super) fn may_resume(setting: &Setting, outcome: &Outcome) -> bool {
    setting.resume && !outcome.commit.ends_with("-dirty")
}

/// The cell of that name, from an interrupted run where there is one that may be taken, or else as `make` gives it.
///
/// # Errors
///
/// Those of `make`, or if a file cannot be read or written.
pub(super) fn kept_cell<T: Serialize + DeserializeOwned>(
    setting: &Setting,
    outcome: &Outcome,
    name: &str,
    make: impl FnOnce() -> Result<T, ExperimentError>,
) -> Result<T, ExperimentError> {
    let path = folder(outcome, "cells")?.join(format!("{}.json", file_name(name)));
    if may_resume(setting, outcome) && path.exists() {
        return serde_json::from_str(&read_text(&path)?).map_err(ExperimentError::Json);
    }
    let cell = make()?;
    write_atomic(&path, &serde_json::to_vec(&cell).map_err(ExperimentError::Json)?)?;
    Ok(cell)
}

/// Where the model of a cell is made, and how: as the continuation of what an interrupted run left, if that may be taken.
///
/// # Errors
///
/// If the folder cannot be made.
pub(super) fn model_of_cell(
    setting: &Setting,
    outcome: &Outcome,
    name: &str,
) -> Result<(PathBuf, Overwrite), ExperimentError> {
    let out = folder(outcome, "models")?.join(file_name(name));
    let overwrite = if may_resume(setting, outcome) && staging_path(&out).exists() {
        Overwrite::Resume
    } else {
        Overwrite::Force
    };
    Ok((out, overwrite))
}

/// Removes the model of a cell that has been measured.
///
/// # Errors
///
/// If it cannot be removed.
pub(super) fn remove_model(out: &Path) -> Result<(), ExperimentError> {
    std::fs::remove_dir_all(out).map_err(|source| ExperimentError::Read {
        path: out.to_owned(),
        source,
    })
}

fn file_name(name: &str) -> String {
    name.replace([':', '%'], "")
}
