//! The places where this process works, for the end that a signal brings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Attempts to remove a folder in which another thread still makes files.
const ATTEMPTS: usize = 20;

/// A signal ends a process as a whole, so what it has begun is known to the process as a whole.
static PLACES: Mutex<Places> = Mutex::new(Places(BTreeMap::new()));

/// Outputs that this process has published; locked while one is.
static PUBLISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Runs what puts finished work in its place, which no signal cuts in half: whoever [abandons](abandon_work) the work of this
/// process waits for its end.
pub(crate) fn publish_whole(out: &Path, publish: impl FnOnce() -> crate::Result<()>) -> crate::Result<()> {
    let mut published = PUBLISHED.lock().unwrap_or_else(PoisonError::into_inner);
    publish()?;
    published.push(out.to_owned());
    Ok(())
}

/// The places where this process works.
pub(super) fn places() -> MutexGuard<'static, Places> {
    PLACES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Staging places in the order of their paths, each with its fate if the process ends now.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<PathBuf, Fate>);

/// The fate of unfinished work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is removed: nothing in it is worth going on with.
    Removed,
    /// It stays, to be gone on with.
    Kept,
}

/// Unfinished work of a process that ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AbandonedWork {
    /// Staging places that stay, to be gone on with.
    pub kept: Vec<PathBuf>,
    /// Staging places that were removed.
    pub removed: Vec<PathBuf>,
    /// Outputs that were finished before, whole in their places.
    pub published: Vec<PathBuf>,
}

/// Removes the unfinished work of this process, except for work that can be gone on with; for handlers of signals.
///
/// Call it last, from another thread than those that work, and then end the process: outputs can no longer begin, be finished
/// or be given up, and threads that try wait forever.
pub fn abandon_work() -> AbandonedWork {
    let published = PUBLISHED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut places = places();
    let mut abandoned = places.abandon();
    abandoned.published.clone_from(&published);
    std::mem::forget((published, places));
    abandoned
}

impl Places {
    /// Takes note of a place, or of another fate.
    pub(super) fn insert(&mut self, staging: &Path, fate: Fate) {
        self.0.insert(staging.to_owned(), fate);
    }

    /// Forgets a place in which nothing grows any more.
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

/// Removes a folder or a file; what cannot be removed is what a killed process leaves, which bars nobody.
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
