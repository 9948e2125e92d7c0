//! A run that is killed goes on and ends with the same bytes.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::tiny::{Tiny, bytes};
use serde_json::Value;

const N_BLOCKS: usize = 6;

/// How long a run may take to finish its first block.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run slow enough to be killed in the middle.
fn prune<'a>(out: &'a str, dtype: &'a str, iterations: &'a str) -> Vec<&'a str> {
    let method = [
        "prune",
        "model",
        "-m",
        "l-admm",
        "-s",
        "0.5",
        "--iterations",
        iterations,
        "--dtype",
        dtype,
    ];
    [
        &method[..],
        &["-c", "calibration.txt", "--window", "32", "--windows", "4", "-o", out],
    ]
    .concat()
}

/// Blocks stored, according to the journal of the unfinished run.
fn n_stored(tiny: &Tiny) -> u64 {
    let journal = std::fs::read(tiny.path("out.partial/journal.json")).unwrap_or_default();
    let journal: Value = serde_json::from_slice(&journal).unwrap_or_default();
    journal["n_stored"].as_u64().unwrap_or(0)
}

/// Starts a run and kills it as soon as a block is stored.
fn kill_in_the_middle(tiny: &Tiny, args: &[&str]) {
    let mut child = tiny
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    wait_for_a_block(tiny, &mut child);
    child.kill().expect("the run can be killed");
    let status = child.wait().expect("the run ends");
    assert!(
        !status.success(),
        "the run was over before it could be killed: make it slower"
    );
    let stored = n_stored(tiny);
    assert!((1..N_BLOCKS as u64).contains(&stored), "{stored} blocks are stored");
    assert!(!tiny.path("out").exists());
}

fn wait_for_a_block(tiny: &Tiny, child: &mut Child) {
    let started = Instant::now();
    while n_stored(tiny) == 0 {
        assert!(started.elapsed() < PATIENCE, "no block was stored");
        let ended = child.try_wait().expect("the run can be asked");
        assert!(ended.is_none() || n_stored(tiny) > 0, "the run ended too early");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    for dtype in ["f32", "f16"] {
        let tiny = Tiny::new(N_BLOCKS);
        tiny.succeed(&prune("whole", dtype, "500"));
        let args = prune("out", dtype, "500");
        kill_in_the_middle(&tiny, &args);

        let line = tiny.refuse(1, &args);
        assert!(line.contains("--resume"), "{line}");
        let line = tiny.refuse(1, &[&prune("out", dtype, "499")[..], &["--resume"]].concat());
        assert!(line.contains("recipe"), "{line}");
        assert!(n_stored(&tiny) >= 1, "a refusal leaves unfinished work alone");

        tiny.succeed(&[&args[..], &["--resume"]].concat());
        assert_eq!(
            bytes(tiny.path("out/model.safetensors")),
            bytes(tiny.path("whole/model.safetensors")),
            "{dtype}"
        );
        assert!(!tiny.path("out.partial").exists() && !tiny.path("out/journal.json").exists());
        let report: Value = serde_json::from_slice(&bytes(tiny.path("out/report.json"))).expect("the report is JSON");
        assert_eq!(
            report["layers"].as_array().map(Vec::len),
            Some(7 * N_BLOCKS),
            "the report has all layers"
        );
    }
}

#[test]
fn force_starts_a_killed_run_again() {
    let tiny = Tiny::new(N_BLOCKS);
    kill_in_the_middle(&tiny, &prune("out", "f32", "500"));
    tiny.succeed(&["prune", "model", "-m", "magnitude", "-s", "0.5", "-o", "out", "--force"]);
    assert_eq!(tiny.json(&["info", "out", "--json"])["sparsity"], 0.5);
    assert!(!tiny.path("out.partial").exists());
}

#[test]
fn there_must_be_something_to_resume() {
    let tiny = Tiny::new(1);
    let line = tiny.refuse(
        1,
        &[
            "prune",
            "model",
            "-m",
            "magnitude",
            "-s",
            "0.5",
            "-o",
            "out",
            "--resume",
        ],
    );
    assert!(line.contains("no run to resume"), "{line}");
}
