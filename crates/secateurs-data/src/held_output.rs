//! Outputs that one job at a time may write.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::IoContext;
use crate::writer::move_folder;
use crate::{DataError, Result, rename_durably};

/// File in a staging folder that is locked as long as a job works there, and holds its process id.
const LOCK_FILE: &str = "secateurs.lock";

/// Attempts to lock a place that other jobs make and remove meanwhile.
const ATTEMPTS: usize = 100;

/// What an output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// A folder, which grows in the folder `OUT.partial`.
    Folder,
    /// A file, which grows in the file `OUT.partial`.
    File,
}

/// An output that this job alone may write, and the place beside it where it grows until it is whole.
///
/// The place is `OUT.partial`. A lock on it (for a folder, on the file `secateurs.lock` in it) refuses every other job with
/// the same output, of whatever kind, in whatever process and however its path is spelled. The system takes the lock back
/// when a process ends, however it ends. Where a file system has no locks, two jobs at once are the user's to avoid.
///
/// Dropped, it removes what was made in the place, unless [`keep`](Self::keep) was called or the place holds what an
/// earlier job left.
///
/// # Examples
///
/// ```
/// use secateurs_data::{DataError, HeldOutput, OutputKind};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let out = folder.path().join("model");
/// let held = HeldOutput::new(&out, OutputKind::Folder)?;
/// let second = HeldOutput::new(&out, OutputKind::Folder);
/// assert!(matches!(second, Err(DataError::OutputInUse { .. })));
/// drop(held);
/// assert!(HeldOutput::new(&out, OutputKind::File).is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HeldOutput {
    out: PathBuf,
    staging: PathBuf,
    kind: OutputKind,
    held: Held,
    leftover: Leftover,
    is_kept: bool,
}

/// What a staging place held when it was locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leftover {
    /// Nothing.
    Nothing,
    /// A folder of a job, or a file where a folder is to grow or the reverse.
    Work,
    /// A folder that no job made, as far as one can see.
    Foreign,
}

/// A locked place; `lock` is absent only after it was given back.
#[derive(Debug)]
struct Held {
    lock: Option<File>,
    is_folder: bool,
    leftover: Leftover,
}

/// The place where unfinished work for `out` waits: `OUT.partial` beside it.
pub fn staging_path(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    out.with_file_name(name)
}

/// Removes the staging folder of `out` if this very process holds it, from another thread than the one that writes; for
/// handlers of signals that end the process.
pub fn discard_own(out: &Path) {
    let staging = staging_path(out);
    let signed = std::fs::read_to_string(staging.join(LOCK_FILE));
    if signed.is_ok_and(|pid| pid.parse() == Ok(std::process::id())) {
        // The other thread may make a file meanwhile; what is then left is what is left when a process is killed.
        let _ = std::fs::remove_dir_all(&staging).or_else(|_| std::fs::remove_dir_all(&staging));
    }
}

impl HeldOutput {
    /// Locks the staging place of `out`, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// [`DataError::OutputInUse`] if another job writes this output, [`DataError::OutputExists`] if the place is taken by
    /// something else than a file or a folder, or a system error. Nothing is changed then.
    pub fn new(out: &Path, kind: OutputKind) -> Result<Self> {
        let staging = staging_path(out);
        let held = Held::acquire(out, &staging, kind)?;
        Ok(Self {
            out: out.to_owned(),
            staging,
            kind,
            leftover: held.leftover,
            held,
            is_kept: false,
        })
    }

    /// The folder or file in which the output grows.
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// What an earlier job left in the place, unless it was [cleared](Self::clear).
    pub fn leftover(&self) -> Leftover {
        self.leftover
    }

    /// Whether the place is a folder or file as the output is, so that work in it can be gone on with.
    pub fn is_of_kind(&self) -> bool {
        self.held.is_folder == (self.kind == OutputKind::Folder)
    }

    /// The file in which the output grows, open to read and write.
    ///
    /// # Errors
    ///
    /// A system error; the output must be a file.
    pub fn open_file(&self) -> Result<File> {
        // On systems where locks bar other handles, only copies of this one can write.
        let copy = match &self.held.lock {
            Some(file) if !self.held.is_folder => file.try_clone(),
            _ => Err(ErrorKind::IsADirectory.into()),
        };
        copy.during("open", &self.staging)
    }

    /// Removes what an earlier job left.
    ///
    /// # Errors
    ///
    /// A system error, or [`DataError::OutputInUse`] if a job of another kind took the place over meanwhile.
    pub fn clear(&mut self) -> Result<()> {
        if self.is_of_kind() {
            match &self.held.lock {
                Some(file) if !self.held.is_folder => file.set_len(0).during("cut", &self.staging)?,
                _ => empty(&self.staging)?,
            }
        } else {
            self.held.remove(&self.staging)?;
            self.held = Held::acquire(&self.out, &self.staging, self.kind)?;
        }
        self.leftover = Leftover::Nothing;
        Ok(())
    }

    /// Lets the work in the place outlive this value, to be gone on with.
    pub fn keep(&mut self) {
        self.is_kept = true;
    }

    /// Lets `rename` move the finished work from its place to the output, then lets go.
    ///
    /// # Errors
    ///
    /// Those of `rename`; work that is [kept](Self::keep) then stays in its place.
    pub fn publish(mut self, rename: impl FnOnce() -> Result<()>) -> Result<()> {
        if cfg!(windows) {
            // Windows cannot rename a folder with open files in it.
            self.held.lock = None;
        }
        rename()?;
        if self.held.is_folder {
            // Only now: without the file another job could begin in the folder before it has moved.
            let _ = std::fs::remove_file(self.out.join(LOCK_FILE));
        }
        self.held.lock = None;
        Ok(())
    }

    /// Moves finished work to the output as it is, over a file or over nothing, then lets go.
    ///
    /// # Errors
    ///
    /// [`DataError::OutputExists`] if a folder would replace something, or a system error; work that is [kept](Self::keep)
    /// then stays in its place.
    pub fn publish_as_is(self) -> Result<()> {
        let (staging, out, kind) = (self.staging.clone(), self.out.clone(), self.kind);
        self.publish(|| match kind {
            OutputKind::Folder => move_folder(&staging, &out),
            OutputKind::File => rename_durably(&staging, &out),
        })
    }

    /// Removes the place with all that is in it and lets go.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn discard(mut self) -> Result<()> {
        self.held.remove(&self.staging)
    }
}

impl Drop for HeldOutput {
    fn drop(&mut self) {
        if self.held.lock.is_none() {
            return;
        }
        // Whatever led here is what the user needs to hear; there is nobody to tell about a failure to tidy up.
        if !self.is_kept && self.leftover == Leftover::Nothing {
            let _ = self.held.remove(&self.staging);
        } else if self.held.is_folder {
            let _ = std::fs::remove_file(self.staging.join(LOCK_FILE));
        }
    }
}

impl Held {
    fn acquire(out: &Path, staging: &Path, kind: OutputKind) -> Result<Self> {
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
                    tracing::warn!(?staging, %error, "this file system has no locks");
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

    /// Removes the place; of a folder, the lock goes last, so that no other job begins in what is being removed.
    fn remove(&mut self, staging: &Path) -> Result<()> {
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

/// What lies at a staging path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Folder,
    File,
}

impl Place {
    /// What is there, made if there was nothing; nothing if another job made it meanwhile.
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

    /// Opens what is to be locked; nothing if it has gone meanwhile.
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
    /// What the place holds beside the lock.
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

    /// The process that holds a folder, if it says so.
    fn holder(mut self, place: Place) -> Option<u32> {
        let mut text = String::new();
        if place == Place::File || self.file.read_to_string(&mut text).is_err() {
            return None;
        }
        text.parse().ok()
    }

    /// Says who holds a folder. A full disk only keeps others from learning it.
    fn sign(&mut self, place: Place) {
        if place == Place::Folder {
            let _ = self.file.set_len(0);
            let _ = write!(self.file, "{}", std::process::id());
        }
    }
}

/// Removes everything in a staging folder but its lock.
fn empty(staging: &Path) -> Result<()> {
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
