//! A run that stops anywhere goes on to the same bytes, in a folder and in a file.

use std::fs;
use std::path::Path;

use secateurs_data::{
    DataError, OutputError, OutputForm, OutputKind, OutputRequest, Overwrite, RunJournal, staging_path, write_atomic,
};
use serde::{Deserialize, Serialize};

const N_STEPS: usize = 5;

/// What a test job is asked for and has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sums {
    seed: u64,
    sums: Vec<u64>,
}

impl RunJournal for Sums {
    const KIND: &'static str = "sums";

    fn difference(&self, asked: &Self) -> Option<&'static str> {
        (self.seed != asked.seed).then_some("seed")
    }
}

/// A job of another kind.
#[derive(Debug, Serialize, Deserialize)]
struct Other {}

impl RunJournal for Other {
    const KIND: &'static str = "other";

    fn difference(&self, _: &Self) -> Option<&'static str> {
        None
    }
}

/// Where a job stops, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stop {
    Never,
    /// After a step was kept.
    After(usize),
    /// In the middle of a step.
    Within(usize),
    /// With an error that comes again.
    ForGood(usize),
}

#[derive(Debug)]
enum Failure {
    Stopped,
    Hopeless,
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        panic!("only stops are expected: {error}")
    }
}

fn request(out: &Path, overwrite: Overwrite) -> OutputRequest<'_> {
    OutputRequest {
        out,
        form: OutputForm::MODEL,
        inputs: &[],
        overwrite,
    }
}

fn next_sum(seed: u64, sums: &[u64]) -> u64 {
    sums.iter()
        .fold(seed, |sum, term| sum.wrapping_mul(31).wrapping_add(*term))
}

/// Writes one file a step, which depends on all before.
fn write_folder(out: &Path, overwrite: Overwrite, stop: Stop) -> Result<(), Failure> {
    let seed = 7;
    let mut run = request(out, overwrite).claim()?.begin(Sums { seed, sums: vec![] })?;
    let mut steps = || {
        for step in run.journal().sums.len()..N_STEPS {
            let sum = next_sum(seed, &run.journal().sums);
            write_atomic(&run.folder().join(format!("{step}.bin")), &sum.to_le_bytes())?;
            match stop {
                Stop::Within(at) if at == step => return Err(Failure::Stopped),
                Stop::ForGood(at) if at == step => return Err(Failure::Hopeless),
                _ => run.keep(|journal| journal.sums.push(sum))?,
            }
            if stop == Stop::After(step) {
                return Err(Failure::Stopped);
            }
        }
        Ok(())
    };
    let done = steps();
    let (run, ()) = run.settle(done, |failure| !matches!(failure, Failure::Hopeless))?;
    write_atomic(&run.folder().join("config.json"), b"{}")?;
    Ok(run.publish_as_is()?)
}

/// The bytes of all files of a folder.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("listed");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("listed").path())
        .map(|path| (path.display().to_string(), fs::read(&path).expect("read")))
        .map(|(name, bytes)| (name.rsplit('/').next().unwrap_or_default().to_owned(), bytes))
        .collect();
    files.sort();
    files
}

#[test]
fn a_folder_goes_on_to_the_same_bytes_from_every_step() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    write_folder(&whole, Overwrite::Never, Stop::Never).expect("nothing stops it");
    let expected = content(&whole);
    assert_eq!(expected.len(), N_STEPS + 1, "no journal and no lock");
    for every in 1..=N_STEPS {
        for is_within in [false, true] {
            fs::remove_dir_all(&out).ok();
            let mut overwrite = Overwrite::Force;
            for step in (every - 1..N_STEPS).step_by(every) {
                let stop = if is_within {
                    Stop::Within(step)
                } else {
                    Stop::After(step)
                };
                write_folder(&out, overwrite, stop).expect_err("it stops");
                let is_kept = !is_within || step > 0;
                assert_eq!(staging_path(&out).exists(), is_kept, "only finished work is kept");
                overwrite = if is_kept { Overwrite::Resume } else { Overwrite::Force };
                if is_within {
                    // The step that was broken off is done now.
                    write_folder(&out, overwrite, Stop::After(step)).expect_err("it stops");
                    overwrite = Overwrite::Resume;
                }
            }
            write_folder(&out, overwrite, Stop::Never).expect("it goes on");
            assert_eq!(content(&out), expected, "every {every}");
            assert!(!staging_path(&out).exists());
        }
    }
}

#[test]
fn only_the_same_run_is_gone_on_with() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    let resume = || request(&out, Overwrite::Resume).claim();
    assert!(matches!(
        resume(),
        Err(DataError::Output(OutputError::NothingToResume { .. }))
    ));
    write_folder(&out, Overwrite::Never, Stop::After(1)).expect_err("it stops");
    assert!(matches!(
        request(&out, Overwrite::Never).claim(),
        Err(DataError::Output(OutputError::UnfinishedRun { .. }))
    ));
    let another = resume().expect("there is work").begin(Sums { seed: 8, sums: vec![] });
    let message = another.expect_err("another seed").to_string();
    assert!(message.contains("had another seed"), "{message}");
    let another = resume().expect("there is work").begin(Other {});
    let message = another.expect_err("another kind").to_string();
    assert!(message.contains("had another kind of method"), "{message}");
    assert!(resume().expect("there is work").begin_once().is_err());
    let journal = staging_path(&out).join("journal.json");
    let text = fs::read_to_string(&journal).expect("there");
    fs::write(&journal, &text[..text.len() - 1]).expect("written");
    let damaged = resume().expect("there is work").begin(Sums { seed: 7, sums: vec![] });
    assert!(matches!(damaged, Err(DataError::Output(OutputError::Journal { .. }))));
    fs::write(&journal, &text).expect("written");
    write_folder(&out, Overwrite::Resume, Stop::Never).expect("refusals left the work alone");
}

#[test]
fn hopeless_work_goes_and_other_output_is_not_replaced() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    write_folder(&out, Overwrite::Never, Stop::ForGood(2)).expect_err("it stops");
    assert!(!staging_path(&out).exists());
    fs::create_dir(&out).expect("made");
    fs::write(out.join("precious"), "data").expect("written");
    let refused = request(&out, Overwrite::Force).claim().expect_err("it is no model");
    assert!(refused.to_string().contains("is no model folder"), "{refused}");
    assert_eq!(content(&out), [("precious".to_owned(), b"data".to_vec())]);
}

/// Part of the folder can be the output; earlier output stays until then.
#[test]
fn a_part_is_published_in_the_place_of_earlier_output() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    write_folder(&out, Overwrite::Never, Stop::Never).expect("nothing stops it");
    let begin = || {
        let claim = request(&out, Overwrite::Force).claim().expect("it may be replaced");
        let run = claim.begin(Other {}).expect("begun");
        fs::create_dir(run.folder().join("model")).expect("made");
        fs::write(run.folder().join("model/config.json"), "{}").expect("written");
        (run.folder().join("model"), run)
    };
    let (_, run) = begin();
    let failed = run.publish_part(|_| Err(DataError::StagingInUse { path: out.clone() }));
    assert!(failed.is_err() && out.join("4.bin").exists(), "earlier output is back");
    let (model, run) = begin();
    run.publish_part(|out| secateurs_data::rename_durably(&model, out))
        .expect("published");
    assert_eq!(content(&out), [("config.json".to_owned(), b"{}".to_vec())]);
    assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
}

const LINES: OutputForm = OutputForm {
    kind: OutputKind::File,
    name: "file of numbers",
    is_one: |path| fs::read_to_string(path).is_ok_and(|text| text.starts_with("\"numbers\"")),
};

/// Writes one line a step, up to `stop`.
fn write_lines(out: &Path, overwrite: Overwrite, stop: usize) -> Result<(), DataError> {
    let form = LINES;
    let request = OutputRequest {
        form,
        ..request(out, overwrite)
    };
    let mut done = 0;
    let mut lines = request.claim()?.begin_lines(&"numbers", |staging| {
        let text = fs::read_to_string(staging).expect("read");
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        done = text[..whole].lines().count().saturating_sub(1);
        Ok::<u64, DataError>(whole as u64)
    })?;
    for number in done..stop {
        lines.append(&[number * number])?;
    }
    if stop < N_STEPS { Ok(()) } else { lines.publish() }
}

#[test]
fn a_file_goes_on_to_the_same_bytes_from_every_byte() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    write_lines(&whole, Overwrite::Never, N_STEPS).expect("nothing stops it");
    let expected = fs::read(&whole).expect("read");
    assert_eq!(expected, b"\"numbers\"\n0\n1\n4\n9\n16\n");
    for stop in 1..N_STEPS {
        write_lines(&out, Overwrite::Force, stop).expect("it stops");
        let kept = fs::read(staging_path(&out)).expect("kept");
        for length in 1..=kept.len() {
            fs::remove_file(&out).ok();
            fs::write(staging_path(&out), &kept[..length]).expect("cut");
            write_lines(&out, Overwrite::Resume, N_STEPS).expect("it goes on");
            assert_eq!(fs::read(&out).expect("read"), expected, "stopped after {length} bytes");
        }
    }
    fs::write(&out, "precious").expect("written");
    let refused = write_lines(&out, Overwrite::Force, 1).expect_err("other files stay");
    assert!(refused.to_string().contains("is no file of numbers"), "{refused}");
}
