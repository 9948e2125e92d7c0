//! Runs of toy claims: one that works, and others that fail in every way that a claim can.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use secateurs_datasets::DatasetError;

use super::{Screen, Session};
use crate::ExperimentError;
use crate::claims::{About, Claim, Cost, Desk, ListedClaim, Measured, Setting};
use crate::outcome::{Better, Failure, FailureKind, Outcome, Question, Row, Tier};

const fn about(name: &'static str) -> About {
    About {
        name,
        title: "A toy",
        summary: "a toy",
        reference: "",
        axes: &["n"],
        cost: Cost::UNKNOWN,
    }
}

/// A toy claim's work on the number of a cell.
trait Toy: Sync {
    const ABOUT: &'static About;

    fn measure(n: u64) -> Result<f64, ExperimentError>;
}

struct Toys<T>(std::marker::PhantomData<T>);

impl<T: Toy> Claim for Toys<T> {
    const ABOUT: &'static About = T::ABOUT;
    type Key = u64;
    type Cell = f64;

    fn open(_: &Desk) -> Result<Self, ExperimentError> {
        Ok(Self(std::marker::PhantomData))
    }

    fn keys(&self) -> Vec<u64> {
        vec![2, 3, 4]
    }

    fn measure(&self, n: &u64, _: &Desk) -> Result<f64, ExperimentError> {
        T::measure(*n)
    }

    fn rows(&self, cells: &[Measured<u64, f64>]) -> Result<Vec<Row>, ExperimentError> {
        let rows = cells.iter().flat_map(|at| {
            let ours = Row::new("square", "value", at.cell).case("n", at.key);
            [
                ours,
                Row::new("identity", "value", at.key as f64).case("n", at.key).control(),
            ]
        });
        Ok(rows.collect())
    }

    fn questions(&self) -> Vec<Question> {
        let text = "Are squares larger than their roots?";
        vec![
            Question::new(text, "square", "value", Better::Higher)
                .at("n", 2)
                .beside(["identity"]),
        ]
    }
}

struct Works;

impl Toy for Works {
    const ABOUT: &'static About = &about("works");

    fn measure(n: u64) -> Result<f64, ExperimentError> {
        Ok((n * n) as f64)
    }
}

struct Errs;

impl Toy for Errs {
    const ABOUT: &'static About = &about("errs");

    fn measure(n: u64) -> Result<f64, ExperimentError> {
        if n < 4 {
            return Ok(0.0);
        }
        Err(ExperimentError::MissingNovel { name: "four".into() })
    }
}

struct Panics;

impl Toy for Panics {
    const ABOUT: &'static About = &about("panics");

    fn measure(n: u64) -> Result<f64, ExperimentError> {
        panic!("{n} is no number\nthat can be squared")
    }
}

struct Lacks;

impl Toy for Lacks {
    const ABOUT: &'static About = &about("lacks");

    fn measure(_: u64) -> Result<f64, ExperimentError> {
        Err(ExperimentError::Dataset(DatasetError::NotResolved {
            dataset: "wikitext2".into(),
            file: "wiki.test.raw".into(),
            tried: vec!["the cache: nothing".into()],
        }))
    }
}

/// The stream of a run, for its test.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// The text with single spaces, whatever the lines.
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8(bytes.clone()).expect("it is a text");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn start(claims: &[ListedClaim], setting: Setting) -> (Session, Lines) {
    let lines = Lines::default();
    let screen = Screen::plain(lines.clone(), 80);
    (Session::new(claims, setting, screen), lines)
}

fn quick(root: &Path) -> Setting {
    Setting::quick(root).expect("there is a backend")
}

fn failure(root: &Path, claim: &str) -> Option<Failure> {
    Failure::read(&root.join(claim).join("quick")).expect("it can be read")
}

#[test]
fn whatever_happens_to_a_claim_the_others_and_the_page_are_there() {
    let root = tempfile::tempdir().expect("a folder can be made");
    let claims = [
        ListedClaim::of::<Toys<Errs>>(),
        ListedClaim::of::<Toys<Panics>>(),
        ListedClaim::of::<Toys<Lacks>>(),
        ListedClaim::of::<Toys<Works>>(),
    ];
    let (session, lines) = start(&claims, quick(root.path()));
    assert!(!session.run(), "three claims failed");
    let text = lines.text();
    for expected in [
        "[1/4] errs begins",
        "failed after 2 of 3 cells: the package holds no novel called four",
        "failed by a defect of this project after 0 of 3 cells: 2 is no number that",
        "session/tests.rs:",
        "not run: the data set wikitext2 is missing",
        "cargo xtask data get wikitext2",
        "[4/4] works",
        "holds: 4 against 2 of identity (measured once)",
        "Are squares larger than their roots?",
        "4 claims: 1 holds (measured once), 2 failed to run, 1 not run;",
        "report.html",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    assert!(root.path().join("report.html").is_file());
    let kinds =
        ["errs", "panics", "lacks", "works"].map(|claim| failure(root.path(), claim).map(|failure| failure.kind));
    let expected = [FailureKind::Failed, FailureKind::Panicked, FailureKind::MissingData].map(Some);
    assert_eq!(kinds[..3], expected);
    assert_eq!(kinds[3], None);
    let errs = failure(root.path(), "errs").expect("it failed");
    assert_eq!((errs.n_done, errs.n_cells), (2, Some(3)));
}

#[test]
fn an_earlier_outcome_outlives_a_failure_and_success_removes_the_failure() {
    let root = tempfile::tempdir().expect("a folder can be made");
    Outcome::new("errs", Tier::Quick, "flex")
        .write(root.path())
        .expect("it can be written");
    let (session, lines) = start(&[ListedClaim::of::<Toys<Errs>>()], quick(root.path()));
    session.run();
    assert!(lines.text().contains("an earlier run"), "{}", lines.text());
    assert!(root.path().join("errs/quick/outcome.json").is_file());

    let former = Failure {
        claim: "works".into(),
        ..failure(root.path(), "errs").expect("it failed")
    };
    former.write(root.path()).expect("it can be written");
    let (session, _) = start(&[ListedClaim::of::<Toys<Works>>()], quick(root.path()));
    assert!(session.run());
    assert_eq!(failure(root.path(), "works"), None);
}

#[test]
fn only_that_names_no_cell_runs_nothing_and_lists_some() {
    let root = tempfile::tempdir().expect("a folder can be made");
    let setting = Setting {
        only: vec!["7".into()],
        ..quick(root.path())
    };
    let (session, lines) = start(&[ListedClaim::of::<Toys<Works>>()], setting);
    assert!(!session.run(), "nothing was run");
    let text = lines.text();
    assert!(
        text.contains("not run: no cell of works is called like \"7\""),
        "{text}"
    );
    assert!(
        text.contains("2, 3, 4") && failure(root.path(), "works").is_none(),
        "{text}"
    );
}

/// Tells when a cell has begun that never ends.
static BEGUN: Mutex<Option<mpsc::Sender<()>>> = Mutex::new(None);

struct Hangs;

impl Toy for Hangs {
    const ABOUT: &'static About = &about("hangs");

    fn measure(n: u64) -> Result<f64, ExperimentError> {
        if n == 3 {
            let begun = BEGUN.lock().unwrap_or_else(PoisonError::into_inner).take();
            begun.expect("there is a test").send(()).expect("the test waits");
            loop {
                std::thread::sleep(Duration::from_secs(3600));
            }
        }
        Ok(0.0)
    }
}

#[test]
fn an_interrupted_run_leaves_what_is_done_and_says_how_to_go_on() {
    let root = tempfile::tempdir().expect("a folder can be made");
    let claims = [
        ListedClaim::of::<Toys<Works>>(),
        ListedClaim::of::<Toys<Hangs>>(),
        ListedClaim::of::<Toys<Errs>>(),
    ];
    let (session, lines) = start(&claims, quick(root.path()));
    let (sender, begun) = mpsc::channel();
    *BEGUN.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
    let working = session.clone();
    std::thread::spawn(move || working.run());
    begun.recv_timeout(Duration::from_secs(60)).expect("the cell begins");
    session.interrupt();
    let text = lines.text();
    for expected in [
        "interrupted after 1 of 3 cells; ",
        "cargo xtask reproduce hangs",
        "errs not run",
        "3 claims: 1 holds (measured once), 1 interrupted, 1 not run;",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
    assert!(root.path().join("report.html").is_file());
    let left = failure(root.path(), "hangs").expect("it was interrupted");
    assert_eq!((left.kind, left.n_done), (FailureKind::Interrupted, 1));
    assert!(root.path().join("works/quick/outcome.json").is_file());
}
