//! Locked staging places.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::{Leftover, OutputKind};
use crate::error::IoContext;
use crate::{DataError, Result};

/// File in a staging folder that is locked as long as a job works there, and holds its process id.
pub(super) const LOCK_FILE: &str = "secateurs.lock";

/// Number of attempts to lock a place that other jobs make and remove meanwhile.
const ATTEMPTS: usize = 100;

/// A locked place; `lock` is absent only after it was given back.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) lock: Option<File>,
    pub(super) is_folder: bool,
    pub(super) leftover: Leftover,
}

impl Held {
    /// Locks the staging place of an output, and creates it if it does not exist.
    pub(super) fn acquire(out: &Path, staging: &Path, kind: OutputKind) -> Result<Self> {
        let in_use = |pid| DataError::OutputInUse {
            path: out.to_owned(),
            pid,
        };
        for _ in 0..ATTEMPTS {
            let Some(place) = Place::find_or_make(staging, kind)? else {
                continue;
            };
            let Some(mut opened) = place.open(staging)? else {
                continue;
            };
            match opened.file.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(in_use(opened.holder(place))),
                Err(TryLockError::Error(error)) => {
                    tracing::warn!(?staging, %error, "this file system has no locks: two jobs may write the same output");
                }
                Ok(()) => {}
            }
            // Between opening and locking, the job that held the place may have removed it or moved it away.
            if !is_at(&opened.file, &place.lock_path(staging)) {
                continue;
            }
            let leftover = opened.leftover(place, staging)?;
            opened.sign(place);
            return Ok(Self {
                lock: Some(opened.file),
                is_folder: place == Place::Folder,
                leftover,
            });
        }
        Err(in_use(None))
    }

    /// Removes the place; of a folder the lock is removed last, so that no other job begins in it meanwhile.
    pub(super) fn remove(&mut self, staging: &Path) -> Result<()> {
        if !self.is_folder {
            let removed = gone_is_fine(std::fs::remove_file(staging)).during("remove", staging);
            self.lock = None;
            return removed;
        }
        empty(staging)?;
        gone_is_fine(std::fs::remove_file(staging.join(LOCK_FILE))).during("remove", staging)?;
        self.lock = None;
        match std::fs::remove_dir(staging) {
            // Another job has begun there already.
            Err(e) if e.kind() == ErrorKind::DirectoryNotEmpty => Ok(()),
            other => gone_is_fine(other).during("remove", staging),
        }
    }
}

/// Whether another process holds this folder as a staging place, with its id if that can be read.
#[allow(clippy::option_option, reason = "nobody, somebody, and who")]
pub(super) fn other_holder(folder: &Path) -> Option<Option<u32>> {
    let path = folder.join(LOCK_FILE);
    let file = File::open(&path).ok()?;
    let is_held = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    let pid = std::fs::read_to_string(&path).ok().and_then(|pid| pid.parse().ok());
    (is_held && pid != Some(std::process::id())).then_some(pid)
}

/// The kind of thing at a staging path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Folder,
    File,
}

impl Place {
    /// Finds the place, or creates it if it does not exist; `None` if another job created it meanwhile.
    fn find_or_make(staging: &Path, kind: OutputKind) -> Result<Option<Self>> {
        match staging.symlink_metadata() {
            Ok(found) if found.is_dir() => return Ok(Some(Self::Folder)),
            Ok(found) if found.is_file() => return Ok(Some(Self::File)),
            Ok(_) => {
                let path = staging.to_owned();
                return Err(DataError::OutputExists { path });
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => return Err(e).during("create", staging),
        }
        let (made, place) = match kind {
            OutputKind::Folder => (std::fs::create_dir(staging), Self::Folder),
            OutputKind::File => (File::create_new(staging).map(drop), Self::File),
        };
        match made {
            Ok(()) => Ok(Some(place)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(None),
            Err(e) => Err(e).during("create", staging),
        }
    }

    fn lock_path(self, staging: &Path) -> PathBuf {
        match self {
            Self::Folder => staging.join(LOCK_FILE),
            Self::File => staging.to_owned(),
        }
    }

    /// Opens the file to be locked; `None` if it was removed meanwhile.
    fn open(self, staging: &Path) -> Result<Option<Opened>> {
        let path = self.lock_path(staging);
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let made = match self {
            Self::Folder => options.clone().create_new(true).open(&path),
            Self::File => Err(ErrorKind::AlreadyExists.into()),
        };
        let (file, was_there) = match made {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => (options.open(&path), true),
            made => (made, false),
        };
        match file {
            Ok(file) => Ok(Some(Opened { file, was_there })),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e).during("create", &path),
        }
    }
}

/// The file that is locked.
struct Opened {
    file: File,
    was_there: bool,
}

impl Opened {
    /// Content of the place besides the lock.
    fn leftover(&self, place: Place, staging: &Path) -> Result<Leftover> {
        if place == Place::File {
            let length = self.file.metadata().during("look at", staging)?.len();
            return Ok(if length == 0 { Leftover::Nothing } else { Leftover::Work });
        }
        let mut entries = std::fs::read_dir(staging).during("list", staging)?;
        let is_empty = entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == LOCK_FILE));
        Ok(match (is_empty, self.was_there) {
            (true, _) => Leftover::Nothing,
            (false, true) => Leftover::Work,
            (false, false) => Leftover::Foreign,
        })
    }

    /// The id of the process that holds a folder, if it is recorded.
    fn holder(mut self, place: Place) -> Option<u32> {
        let mut text = String::new();
        if place == Place::File || self.file.read_to_string(&mut text).is_err() {
            return None;
        }
        text.parse().ok()
    }

    /// Records the process that holds a folder. A full disk only prevents others from learning it.
    fn sign(&mut self, place: Place) {
        if place == Place::Folder {
            let _ = self.file.set_len(0);
            let _ = write!(self.file, "{}", std::process::id());
        }
    }
}

/// Removes everything in a staging folder but its lock.
pub(super) fn empty(staging: &Path) -> Result<()> {
    for entry in std::fs::read_dir(staging).during("list", staging)? {
        let entry = entry.during("list", staging)?;
        if entry.file_name() == LOCK_FILE {
            continue;
        }
        let path = entry.path();
        let is_folder = entry.file_type().during("look at", &path)?.is_dir();
        let removed = if is_folder {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
        removed.during("remove", &path)?;
    }
    Ok(())
}

fn gone_is_fine(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Whether `path` still leads to this open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let key = |found: std::fs::Metadata| (found.dev(), found.ino());
    match (file.metadata().map(key), path.symlink_metadata().map(key)) {
        (Ok(open), Ok(there)) => open == there,
        _ => false,
    }
}

/// Whether `path` still leads to this open file: an open file cannot be removed here.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}
