//! The staging places of this process, for the case that a signal ends it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Number of attempts to remove a folder in which another thread still creates files.
const ATTEMPTS: usize = 20;

/// The process's staging places, global because a signal ends a process as a whole.
static PLACES: Mutex<Places> = Mutex::new(Places(BTreeMap::new()));

/// Outputs that this process has published; locked while one is.
static PUBLISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Runs a publication, which no signal interrupts: [`abandon_work`] waits for its end.
pub(crate) fn publish_whole(out: &Path, publish: impl FnOnce() -> crate::Result<()>) -> crate::Result<()> {
    let mut published = PUBLISHED.lock().unwrap_or_else(PoisonError::into_inner);
    publish()?;
    published.push(out.to_owned());
    Ok(())
}

/// The staging places of this process.
pub(super) fn places() -> MutexGuard<'static, Places> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Staging places in the order of their paths, each with its fate if the process ends now.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<PathBuf, Fate>);

/// The fate of unfinished work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Removed, as nothing in it is worth resuming.
    Removed,
    /// Kept, to be resumed.
    Kept,
}

/// Unfinished work of a process that ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AbandonedWork {
    /// Staging places that stay, to be resumed.
    pub kept: Vec<PathBuf>,
    /// Staging places that were removed.
    pub removed: Vec<PathBuf>,
    /// Outputs that were finished before, whole in their places.
    pub published: Vec<PathBuf>,
}

/// Removes the unfinished work of this process, except for work that can be resumed; for handlers of signals.
///
/// Call it last, from a thread without work of its own, and then end the process: outputs can no longer begin, be
/// finished or be given up, and threads that try wait forever.
pub fn abandon_work() -> AbandonedWork {
    let published = PUBLISHED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut places = places();
    let mut abandoned = places.abandon();
    abandoned.published.clone_from(&published);
    std::mem::forget((published, places));
    abandoned
}

impl Places {
    /// Records a place, or a change of its fate.
    pub(super) fn insert(&mut self, staging: &Path, fate: Fate) {
        self.0.insert(staging.to_owned(), fate);
    }

    /// Forgets a place that is no longer used.
    pub(super) fn forget(&mut self, staging: &Path) {
        self.0.remove(staging);
    }

    fn abandon(&mut self) -> AbandonedWork {
        let mut abandoned = AbandonedWork::default();
        for (staging, fate) in std::mem::take(&mut self.0) {
            let is_stage = |outer: &PathBuf| staging.starts_with(outer);
            if fate == Fate::Removed {
                remove(&staging);
            }
            // A job may have stages in its own place; they share its fate, and go unmentioned.
            if abandoned.kept.iter().chain(&abandoned.removed).any(is_stage) {
                continue;
            }
            match fate {
                Fate::Removed => abandoned.removed.push(staging),
                Fate::Kept => abandoned.kept.push(staging),
            }
        }
        abandoned
    }
}

/// Removes a folder or a file; a failure leaves the same as a killed process, which blocks no later job.
fn remove(staging: &Path) {
    for _ in 0..ATTEMPTS {
        let removed = if staging.is_dir() {
            std::fs::remove_dir_all(staging)
        } else {
            std::fs::remove_file(staging)
        };
        if removed.is_ok() || !staging.exists() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_gone_on_with_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = |name: &str| folder.path().join(name);
        for name in [
            "kept.partial",
            "kept.partial/stage.partial",
            "new.partial",
            "foreign.partial",
        ] {
            std::fs::create_dir(place(name)).expect("made");
        }
        std::fs::write(place("new.partial/work"), "half").expect("written");
        std::fs::write(place("traces.partial"), "half").expect("written");
        let mut places = Places::default();
        for name in [
            "kept.partial",
            "kept.partial/stage.partial",
            "new.partial",
            "traces.partial",
        ] {
            places.insert(&place(name), Fate::Removed);
        }
        places.insert(&place("foreign.partial"), Fate::Removed);
        places.insert(&place("kept.partial"), Fate::Kept);
        places.forget(&place("foreign.partial"));
        let abandoned = places.abandon();
        assert_eq!(abandoned.kept, [place("kept.partial")]);
        assert_eq!(abandoned.removed, [place("new.partial"), place("traces.partial")]);
        let is_there = |name: &str| place(name).exists();
        assert!(is_there("kept.partial") && is_there("foreign.partial"));
        assert!(!is_there("new.partial") && !is_there("traces.partial") && !is_there("kept.partial/stage.partial"));
    }
}
