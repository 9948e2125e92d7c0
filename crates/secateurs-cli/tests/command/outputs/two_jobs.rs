//! Two jobs with one output: the second is refused at once, and neither is harmed.

use std::fs;

use crate::tiny::{Tiny, bytes};

const N_BLOCKS: usize = 6;

/// A run that takes a while.
fn prune<'a>(out: &'a str, args: &[&'a str]) -> Vec<&'a str> {
    let method = ["prune", "model", "-m", "l-admm", "-s", "0.5", "--iterations", "400"];
    let calibration = ["-c", "calibration.txt", "--window", "32", "--windows", "4", "-o", out];
    [&method, &calibration[..], args].concat()
}

fn train(out: &str) -> Vec<&str> {
    let method = [
        "prune",
        "model",
        "-m",
        "elsa",
        "-s",
        "0.5",
        "--train",
        "calibration.txt",
        "--steps",
        "3000",
    ];
    let size = [
        "--train-window",
        "16",
        "--batch-size",
        "4",
        "--passes",
        "100000",
        "-o",
        out,
    ];
    [&method, &size[..]].concat()
}

/// Every command that could write `out`, spelled in different ways.
fn rivals() -> Vec<Vec<&'static str>> {
    let magnitude =
        |out, args: &[&'static str]| [&["prune", "model", "-m", "magnitude", "-s", "0.5", "-o", out], args].concat();
    let mut rivals = vec![
        prune("out", &["--force"]),
        prune("out", &["--resume"]),
        magnitude("out", &[]),
        magnitude("./out/", &["--force"]),
        magnitude("sub/../out", &["--force"]),
        train("out"),
        vec!["pack", "model", "-o", "out", "--force"],
        vec![
            "experts",
            "mixture",
            "-m",
            "frequency",
            "--remove",
            "0.25",
            "-c",
            "calibration.txt",
            "--window",
            "32",
            "--windows",
            "2",
            "-o",
            "out",
        ],
        vec![
            "trace",
            "model",
            "--prompts",
            "prompts.txt",
            "-n",
            "4",
            "-o",
            "out",
            "--force",
        ],
    ];
    if cfg!(unix) {
        rivals.push(magnitude("link/out", &["--force"]));
    }
    rivals
}

fn tiny() -> Tiny {
    let tiny = Tiny::new(N_BLOCKS);
    tiny.write_mixture("mixture", "mixtral");
    fs::write(tiny.path("prompts.txt"), "w1 w2\nw3\n").expect("the prompts can be written");
    fs::create_dir(tiny.path("sub")).expect("the folder can be made");
    #[cfg(unix)]
    std::os::unix::fs::symlink(tiny.path("."), tiny.path("link")).expect("the link can be made");
    tiny
}

#[test]
fn a_second_job_is_refused_whatever_it_is_and_the_first_ends_as_if_alone() {
    let tiny = tiny();
    tiny.succeed(&prune("alone", &["--quiet"]));
    let mut first = tiny.start(&prune("out", &[]));
    first.wait_until(|| tiny.is_held("out"));
    for rival in rivals() {
        let line = tiny.refuse(1, &rival);
        assert!(
            line.contains(&format!("out is being written by process {}", first.id())) || line.contains("out/ is being"),
            "{rival:?}: {line}"
        );
        assert!(!line.contains("--resume"), "{line}");
    }
    assert!(first.is_running(), "make the first run slower");
    first.finish();
    for file in ["model.safetensors", "config.json", "recipe.toml"] {
        assert_eq!(
            bytes(tiny.path("out").join(file)),
            bytes(tiny.path("alone").join(file)),
            "{file}"
        );
    }
    assert!(!tiny.path("out.partial").exists() && !tiny.path("out/secateurs.lock").exists());
}

#[test]
fn a_killed_job_bars_nobody_and_goes_on() {
    let tiny = tiny();
    tiny.succeed(&prune("alone", &["--quiet"]));
    let mut first = tiny.start(&prune("out", &[]));
    first.wait_until(|| tiny.n_stored() > 0);
    first.kill();
    assert!(
        tiny.path("out.partial/secateurs.lock").exists(),
        "the lock file is there, the lock is not"
    );
    // Another kind of job does not throw away what can be gone on with.
    let line = tiny.refuse(1, &["pack", "model", "-o", "out"]);
    assert!(line.contains("unfinished work") && tiny.n_stored() > 0, "{line}");
    assert!(
        line.contains("the command that began it goes on with --resume"),
        "{line}"
    );
    let line = tiny.refuse(1, &[&train("out")[..], &["--resume"]].concat());
    assert!(line.contains("kind of method") && tiny.n_stored() > 0, "{line}");
    tiny.succeed(&prune("out", &["--resume", "--quiet"]));
    assert_eq!(
        bytes(tiny.path("out/model.safetensors")),
        bytes(tiny.path("alone/model.safetensors"))
    );
    assert!(!tiny.path("out.partial").exists() && !tiny.path("out/secateurs.lock").exists());
}

#[test]
fn trainings_and_traces_hold_their_output_too() {
    let tiny = tiny();
    let mut training = tiny.start(&train("out"));
    training.wait_until(|| tiny.is_held("out"));
    let line = tiny.refuse(1, &["pack", "model", "-o", "out", "--force"]);
    assert!(line.contains(&format!("process {}", training.id())), "{line}");
    training.kill();

    let trace = [
        "trace",
        "model",
        "--prompts",
        "prompts.txt",
        "-n",
        "60",
        "--samples",
        "20000",
        "--temperature",
        "1",
        "--batch",
        "1",
    ];
    let traces = |args: &[&'static str]| [&trace[..], &["-o", "traces"], args].concat();
    let mut tracing = tiny.start(&traces(&[]));
    tracing.wait_until(|| tiny.length("traces.partial") > 2000);
    for rival in [
        traces(&[]),
        traces(&["--force"]),
        traces(&["--resume"]),
        vec!["pack", "model", "-o", "./traces", "--force"],
    ] {
        let line = tiny.refuse(1, &rival);
        assert!(line.contains("traces is being written by another job"), "{line}");
    }
    tracing.kill();
    assert!(tiny.refuse(1, &traces(&[])).contains("unfinished work"));
}
