//! A run that is killed goes on and ends with the same bytes.

use crate::tiny::{Tiny, bytes};
use serde_json::Value;

const N_BLOCKS: usize = 6;

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

/// Starts a run and kills it as soon as a block is stored.
fn kill_in_the_middle(tiny: &Tiny, args: &[&str]) {
    let mut running = tiny.start(args);
    running.wait_until(|| tiny.n_stored() > 0);
    running.kill();
    let stored = tiny.n_stored();
    assert!((1..N_BLOCKS as u64).contains(&stored), "{stored} blocks are stored");
    assert!(!tiny.path("out").exists());
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
        assert!(tiny.n_stored() >= 1, "a refusal leaves unfinished work alone");

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
