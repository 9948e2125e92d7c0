//! One job at a time writes an output, however it is spelled and whatever was left there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use secateurs_data::{DataError, HeldOutput, Leftover, OutputKind, staging_path};

const KINDS: [OutputKind; 2] = [OutputKind::Folder, OutputKind::File];

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn hold(out: &Path) -> HeldOutput {
    HeldOutput::new(out, OutputKind::Folder).expect("nobody holds it")
}

/// Paths that lead to `out` in `folder`.
fn spellings(folder: &Path) -> Vec<PathBuf> {
    let mut spellings = vec![
        folder.join("out"),
        folder.join("./out"),
        folder.join("out/"),
        folder.join("sub/../out"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder, folder.join("sub/link")).expect("a link can be made");
        spellings.push(folder.join("sub/link/out"));
        spellings.push(folder.join("sub/link/sub/link/out/"));
    }
    spellings
}

#[test]
fn a_second_job_is_refused_by_name_and_leaves_everything_as_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("sub")).expect("made");
    for first in KINDS {
        let held = HeldOutput::new(&folder.path().join("out"), first).expect("nobody holds it");
        assert_eq!(held.leftover(), Leftover::Nothing);
        let _ = fs::remove_file(folder.path().join("sub/link"));
        for out in spellings(folder.path()) {
            for second in KINDS {
                let refused = HeldOutput::new(&out, second).expect_err("it is held");
                let message = refused.to_string();
                assert!(
                    message.starts_with(&format!("{} is being written by", out.display())),
                    "{message}"
                );
                let DataError::OutputInUse { pid, .. } = refused else {
                    panic!("{refused}");
                };
                let known = (first == OutputKind::Folder).then(std::process::id);
                assert_eq!(pid, known, "a folder says who holds it");
            }
        }
        assert!(HeldOutput::new(&folder.path().join("other"), first).is_ok());
        drop(held);
        assert_eq!(names(folder.path()), ["sub"]);
    }
}

#[test]
fn what_a_killed_job_left_bars_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (out, staging) = (folder.path().join("out"), folder.path().join("out.partial"));
    fs::create_dir(&staging).expect("made");
    fs::write(staging.join("secateurs.lock"), "1").expect("written");
    assert_eq!(hold(&out).leftover(), Leftover::Nothing);
    assert!(!staging.exists(), "an empty place is taken over and removed");

    fs::create_dir_all(staging.join("deep/er")).expect("made");
    fs::write(staging.join("secateurs.lock"), "1").expect("written");
    let held = hold(&out);
    assert_eq!(held.leftover(), Leftover::Work);
    drop(held);
    assert_eq!(names(&staging), ["deep"], "work is left alone, the lock goes");

    // Without a lock, nothing says that a job made this.
    let mut held = hold(&out);
    assert_eq!(held.leftover(), Leftover::Foreign);
    held.clear().expect("cleared");
    assert_eq!(
        (held.leftover(), names(&staging)),
        (Leftover::Nothing, vec!["secateurs.lock".to_owned()])
    );
    assert!(HeldOutput::new(&out, OutputKind::Folder).is_err(), "it is still held");
    drop(held);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn kept_work_outlives_its_job() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    let mut held = hold(&out);
    fs::write(held.staging().join("work"), "done").expect("written");
    held.keep();
    drop(held);
    assert_eq!(names(&staging_path(&out)), ["work"]);
    hold(&out).discard().expect("removed");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_place_of_the_other_kind_is_told_and_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (out, staging) = (folder.path().join("out"), folder.path().join("out.partial"));
    fs::write(&staging, "a trace").expect("written");
    let mut held = hold(&out);
    assert_eq!((held.leftover(), held.is_of_kind()), (Leftover::Work, false));
    held.clear().expect("cleared");
    assert!(held.is_of_kind() && staging.is_dir());
    drop(held);

    fs::create_dir(&staging).expect("made");
    fs::write(staging.join("block"), "").expect("written");
    let mut held = HeldOutput::new(&out, OutputKind::File).expect("nobody holds it");
    assert!(!held.is_of_kind() && held.open_file().is_err());
    held.clear().expect("cleared");
    assert!(held.open_file().is_ok() && staging.is_file());
    drop(held);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn work_is_published_without_its_lock_or_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    let held = hold(&out);
    fs::write(held.staging().join("model"), "m").expect("written");
    held.publish_as_is().expect("published");
    assert_eq!(
        (names(folder.path()), names(&out)),
        (vec!["out".to_owned()], vec!["model".to_owned()])
    );

    for is_kept in [false, true] {
        let mut held = hold(&out);
        fs::write(held.staging().join("model"), "n").expect("written");
        if is_kept {
            held.keep();
        }
        assert!(matches!(held.publish_as_is(), Err(DataError::OutputExists { .. })));
        assert_eq!(fs::read(out.join("model")).expect("there"), b"m");
        assert_eq!(staging_path(&out).join("model").exists(), is_kept);
    }
    assert!(hold(&out).leftover() != Leftover::Nothing, "and the lock is free again");

    let file = folder.path().join("traces");
    fs::write(&file, "old").expect("written");
    let held = HeldOutput::new(&file, OutputKind::File).expect("nobody holds it");
    fs::write(held.staging(), "new").expect("written");
    held.publish_as_is().expect("a file is replaced");
    assert_eq!(fs::read(&file).expect("there"), b"new");
}

/// Every thread that gets hold publishes a folder with its number; the others are refused or find it there.
#[test]
fn of_many_threads_one_publishes_and_nobody_spoils_it() {
    for kind in KINDS {
        for round in 0..60 {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let out = folder.path().join("out");
            let (barrier, n_published) = (Barrier::new(8), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for number in 0..8 {
                    let (out, barrier, n_published) = (&out, &barrier, &n_published);
                    scope.spawn(move || {
                        barrier.wait();
                        let held = match HeldOutput::new(out, kind) {
                            Ok(held) if !out.exists() => held,
                            Err(DataError::OutputInUse { .. }) | Ok(_) => return,
                            Err(other) => panic!("round {round}: {other}"),
                        };
                        let inside = match kind {
                            OutputKind::Folder => held.staging().join("number"),
                            OutputKind::File => held.staging().to_owned(),
                        };
                        fs::write(inside, number.to_string()).expect("written");
                        held.publish_as_is().expect("published");
                        n_published.fetch_add(1, Ordering::Relaxed);
                    });
                }
            });
            assert_eq!(n_published.into_inner(), 1, "round {round}");
            assert_eq!(names(folder.path()), ["out"], "round {round}");
            if kind == OutputKind::Folder {
                assert_eq!(names(&out), ["number"], "round {round}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn places_that_cannot_be_made_are_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let refuse = |out: &Path| HeldOutput::new(out, OutputKind::Folder).expect_err("it cannot be made");
    assert!(matches!(
        refuse(&folder.path().join("absent/out")),
        DataError::Io { .. }
    ));
    fs::write(folder.path().join("file"), "").expect("written");
    assert!(matches!(refuse(&folder.path().join("file/out")), DataError::Io { .. }));
    assert!(matches!(
        refuse(&folder.path().join("n".repeat(250))),
        DataError::Io { .. }
    ));
    std::os::unix::fs::symlink("nowhere", folder.path().join("out.partial")).expect("linked");
    assert!(matches!(
        refuse(&folder.path().join("out")),
        DataError::OutputExists { .. }
    ));
    assert_eq!(names(folder.path()), ["file", "out.partial"]);
}
