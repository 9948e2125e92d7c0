//! The record of a staging folder: its plan, and the tensors that are safely on disk.
//!
//! `progress.jsonl` starts with one JSON line for the plan; each further line is the number of a tensor whose values
//! were synced before the line was written. It is locked while a writer is open and removed when the checkpoint is done.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::PlannedTensor;
use crate::atomic::sync_folder;
use crate::error::{IoContext, malformed};
use crate::{DataError, FloatType, Result};

/// File name of the record in the staging folder.
pub(super) const PROGRESS_FILE: &str = "progress.jsonl";

/// Indices of planned tensors: the tensors on disk, and the ones written since the last sync.
#[derive(Debug)]
pub(super) struct Progress {
    path: PathBuf,
    file: File,
    durable: BTreeSet<usize>,
    pending: BTreeSet<usize>,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) float_type: FloatType,
    pub(super) max_shard_bytes: u64,
    pub(super) plan: Vec<PlannedTensor>,
}

impl Progress {
    pub(super) fn create(staging: &Path, record: &Record) -> Result<Self> {
        let path = staging.join(PROGRESS_FILE);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => DataError::OutputExists { path: path.clone() },
            _ => DataError::Io {
                action: "create",
                path: path.clone(),
                source,
            },
        })?;
        let mut progress = Self {
            path,
            file,
            durable: BTreeSet::new(),
            pending: BTreeSet::new(),
        };
        if let Err(error) = progress.begin(staging, record) {
            let _ = std::fs::remove_file(&progress.path);
            return Err(error);
        }
        Ok(progress)
    }

    fn begin(&mut self, staging: &Path, record: &Record) -> Result<()> {
        lock(&self.file, staging, &self.path)?;
        let line = serde_json::to_string(record).expect("strings and numbers serialise") + "\n";
        self.append(&line)?;
        sync_folder(staging)
    }

    pub(super) fn open(staging: &Path) -> Result<(Self, Record)> {
        let path = staging.join(PROGRESS_FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .during("open", &path)?;
        lock(&file, staging, &path)?;
        let mut text = String::new();
        file.read_to_string(&mut text).during("read", &path)?;
        let bad = |problem: String| malformed(&path, "progress", problem);
        // A crash can cut the last line short: what follows the last line end was never confirmed.
        let complete = text.rfind('\n').map_or(0, |at| at + 1);
        let mut lines = text[..complete].lines();
        let first = lines.next().ok_or_else(|| bad("it has no plan".into()))?;
        let record: Record = serde_json::from_str(first).map_err(|e| bad(format!("the plan: {e}")))?;
        let mut durable = BTreeSet::new();
        for line in lines {
            match line.parse::<usize>() {
                Ok(number) if number < record.plan.len() => durable.insert(number),
                _ => return Err(bad(format!("{line:?} is not the number of a planned tensor"))),
            };
        }
        file.set_len(complete as u64).during("write", &path)?;
        file.seek(SeekFrom::End(0)).during("write", &path)?;
        Ok((
            Self {
                path,
                file,
                durable,
                pending: BTreeSet::new(),
            },
            record,
        ))
    }

    /// Marks tensor `planned` as written.
    pub(super) fn note(&mut self, planned: usize) {
        self.pending.insert(planned);
    }

    /// Whether tensor `planned` was written.
    pub(super) fn has(&self, planned: usize) -> bool {
        self.durable.contains(&planned) || self.pending.contains(&planned)
    }

    /// Records all noted tensors; their values must have been synced.
    pub(super) fn commit(&mut self) -> Result<()> {
        let new: Vec<usize> = self.pending.difference(&self.durable).copied().collect();
        if !new.is_empty() {
            let lines: String = new.iter().map(|number| format!("{number}\n")).collect();
            self.append(&lines)?;
            self.durable.extend(new);
        }
        self.pending.clear();
        Ok(())
    }

    fn append(&mut self, lines: &str) -> Result<()> {
        self.file.write_all(lines.as_bytes()).during("write", &self.path)?;
        self.file.sync_data().during("sync", &self.path)
    }
}

fn lock(file: &File, staging: &Path, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(DataError::StagingInUse {
            path: staging.to_owned(),
        }),
        // File systems without locks exist; two writers at once are then the user's to avoid.
        Err(TryLockError::Error(e)) if e.kind() == ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(e)) => Err(e).during("lock", path),
    }
}
