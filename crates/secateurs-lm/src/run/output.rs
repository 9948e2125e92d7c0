//! The place of an output, checked and taken before any work is done.

use std::fs;
use std::path::{Path, PathBuf};

use secateurs_data::{DataError, HeldOutput, Leftover, OutputKind, staging_path};

use crate::Error;
use crate::trace::format::is_trace_file;
use crate::{prune, train};

/// What a run does where it finds earlier output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuses.
    Never,
    /// Goes on with an unfinished run.
    Resume,
    /// Replaces output and unfinished run.
    Force,
}

/// An output to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output<'a> {
    /// Where.
    pub out: &'a Path,
    /// A model's folder, or a file of traces.
    pub kind: OutputKind,
    /// The files and folders that the job reads.
    pub inputs: &'a [&'a Path],
    /// What to do with earlier output.
    pub overwrite: Overwrite,
}

/// An output that was taken, and the way it was asked for.
pub(crate) struct Claim<'a> {
    pub output: Output<'a>,
    pub held: HeldOutput,
}

impl Output<'_> {
    /// Takes the output for this job alone. Whatever would keep the output from being made is an error now.
    pub(crate) fn hold(&self) -> Result<HeldOutput, Error> {
        self.check_place()?;
        self.check_inputs()?;
        let held = HeldOutput::new(self.out, self.kind)?;
        self.check_existing()?;
        self.check_leftover(&held)?;
        Ok(held)
    }

    /// Puts finished work in the place of earlier output, which goes only when the new one is there.
    pub(crate) fn replace(&self, publish: impl FnOnce() -> Result<(), DataError>) -> Result<(), Error> {
        // The work took a while: what is there now may be something else than what was there before.
        self.check_existing()?;
        if self.kind == OutputKind::File || !self.out.exists() {
            return Ok(publish()?);
        }
        let failed = |source| Error::Remove {
            path: self.out.to_owned(),
            source,
        };
        let mut aside = tempfile::Builder::new();
        let aside = aside
            .prefix(".secateurs-")
            .tempdir_in(folder_of(self.out))
            .map_err(failed)?;
        let earlier = aside.path().join("earlier");
        fs::rename(self.out, &earlier).map_err(failed)?;
        if let Err(error) = publish() {
            // The error is what the user needs to hear; what it leaves is in a folder beside the output.
            let _ = fs::rename(&earlier, self.out);
            return Err(error.into());
        }
        aside.close().map_err(failed)
    }

    fn check_place(&self) -> Result<(), Error> {
        let path = self.out.to_owned();
        if self.out.file_name().is_none() {
            return Err(Error::NoOutputName { path });
        }
        let folder = folder_of(self.out);
        if !folder.is_dir() {
            let folder = folder.to_owned();
            return Err(Error::NoOutputFolder { path, folder });
        }
        let is_link = self.out.symlink_metadata().is_ok_and(|found| found.is_symlink());
        if is_link && !self.out.exists() {
            return Err(Error::OutputIsLink { path });
        }
        Ok(())
    }

    /// Refuses outputs that hold an input or lie in one, and inputs in the place where the output grows.
    fn check_inputs(&self) -> Result<(), Error> {
        let spelled = |path: &Path| Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
        let staging = staging_path(self.out);
        for input in self.inputs.iter().filter_map(|input| input.canonicalize().ok()) {
            let places = [self.out.canonicalize().ok(), spelled(self.out), spelled(&staging)];
            for place in places.into_iter().flatten() {
                let path = self.out.to_owned();
                if input.starts_with(&place) {
                    return Err(Error::OutputIsInput { path });
                }
                if place.starts_with(&input) {
                    return Err(Error::OutputInInput { path, input });
                }
            }
        }
        Ok(())
    }

    /// Refuses output that is there and not to be replaced, or cannot be.
    fn check_existing(&self) -> Result<(), Error> {
        let path = self.out.to_owned();
        if !self.out.exists() {
            return Ok(());
        }
        // Force replaces models and traces, but not whatever a slip of the keyboard names.
        match self.kind {
            OutputKind::Folder if !is_model_folder(self.out) => Err(Error::OutputIsNoModel { path }),
            OutputKind::File if !is_trace_file(self.out) => Err(Error::NotTraces { path }),
            _ if self.overwrite != Overwrite::Force => Err(Error::OutputExists { path }),
            OutputKind::Folder => check_replaceable(self.out),
            OutputKind::File => Ok(()),
        }
    }

    /// Refuses what an earlier job left unless it is to be gone on with or thrown away. What a job left that cannot be
    /// gone on with is nobody's loss.
    fn check_leftover(&self, held: &HeldOutput) -> Result<(), Error> {
        let path = held.staging().to_owned();
        let is_unfinished = match fs::metadata(&path) {
            Ok(found) if found.is_dir() => [prune::journal::FILE, train::journal::FILE]
                .iter()
                .any(|journal| path.join(journal).is_file()),
            _ => held.leftover() == Leftover::Work,
        };
        let can_resume = is_unfinished && held.is_of_kind();
        match (held.leftover(), self.overwrite) {
            (Leftover::Work | Leftover::Foreign, Overwrite::Resume) if can_resume => Ok(()),
            (_, Overwrite::Resume) => Err(Error::NothingToResume { path }),
            (Leftover::Nothing, _) => Ok(()),
            (_, Overwrite::Never) if is_unfinished => Err(Error::UnfinishedRun { path }),
            (Leftover::Foreign, _) if !is_unfinished => Err(Error::NoUnfinishedRun { path }),
            _ => Ok(()),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn is_model_folder(path: &Path) -> bool {
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    path.join("config.json").is_file() || is_empty()
}

/// Refuses folders that cannot be removed, to be replaced by a rename.
fn check_replaceable(path: &Path) -> Result<(), Error> {
    if is_mount_point(path) {
        let path = path.to_owned();
        return Err(Error::OutputIsMountPoint { path });
    }
    let probe = tempfile::tempfile_in(path);
    probe.map(drop).map_err(|source| Error::Remove {
        path: path.to_owned(),
        source,
    })
}

/// Whether another file system begins at this folder.
#[cfg(unix)]
fn is_mount_point(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
    let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
    let crosses = || {
        path.canonicalize()
            .is_ok_and(|path| device(&path) != device(folder_of(&path)))
    };
    !is_link && (crosses() || is_listed_mount(path))
}

#[cfg(not(unix))]
fn is_mount_point(_: &Path) -> bool {
    false
}

/// Whether Linux lists this folder among its mounts; one of the same file system shows nowhere else.
#[cfg(unix)]
fn is_listed_mount(path: &Path) -> bool {
    let (Ok(path), Ok(mounts)) = (path.canonicalize(), fs::read_to_string("/proc/self/mountinfo")) else {
        return false;
    };
    let place = path.to_string_lossy().replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&place))
}

/// Removes a folder, a file or a link.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let is_link = path.symlink_metadata().is_ok_and(|found| found.is_symlink());
    let removed = if path.is_dir() && !is_link {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.map_err(|source| Error::Remove {
        path: PathBuf::from(path),
        source,
    })
}
