//! The journal of an unfinished run: its request and its progress.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::OutputError;
use crate::error::IoContext;
use crate::{Result, read_text, write_atomic};

/// Name of the journal in a staging folder.
pub(super) const JOURNAL_FILE: &str = "journal.json";

/// The request and the progress of a run, as needed to resume it after an interruption.
///
/// It is stored as a JSON object beside the work, so it must be serialised as a struct.
pub trait RunJournal: Serialize + DeserializeOwned {
    /// Name of this kind of run; runs of another kind are not resumed.
    const KIND: &'static str;

    /// The first difference between the requests of two runs, as a noun: `recipe`, `model`. What is done does not
    /// matter.
    fn difference(&self, asked: &Self) -> Option<&'static str>;
}

#[derive(Serialize)]
struct Stored<'a, J> {
    kind: &'static str,
    #[serde(flatten)]
    journal: &'a J,
}

#[derive(Deserialize)]
struct StoredKind {
    #[serde(default)]
    kind: String,
}

/// Writes a journal, whole or not at all.
pub(super) fn write<J: RunJournal>(journal: &J, staging: &Path) -> Result<()> {
    let path = staging.join(JOURNAL_FILE);
    let kind = J::KIND;
    let json = serde_json::to_vec(&Stored { kind, journal });
    let json = json.map_err(std::io::Error::from).during("write", &path)?;
    write_atomic(&path, &json)
}

/// Reads the journal of a run with the same request.
pub(super) fn read<J: RunJournal>(asked: &J, staging: &Path) -> Result<J> {
    let text = read_text(&staging.join(JOURNAL_FILE))?;
    let path = || staging.to_owned();
    let unreadable = |source| OutputError::Journal { path: path(), source };
    let other = |what| OutputError::ResumeMismatch { path: path(), what };
    let stored: StoredKind = serde_json::from_str(&text).map_err(unreadable)?;
    if stored.kind != J::KIND {
        return Err(other("kind of method").into());
    }
    let journal: J = serde_json::from_str(&text).map_err(unreadable)?;
    match journal.difference(asked) {
        Some(what) => Err(other(what).into()),
        None => Ok(journal),
    }
}
