//! Two jobs with one output: the second is refused at once, and neither is harmed.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::tiny::{Tiny, bytes};
use serde_json::Value;

const N_BLOCKS: usize = 6;

/// How long a run may take to begin or to finish its first block.
const PATIENCE: Duration = Duration::from_secs(120);

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

fn start(tiny: &Tiny, args: &[&str]) -> Child {
    let mut command = tiny.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary starts")
}

fn wait_until(child: &mut Child, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "it did not happen");
        let ended = child.try_wait().expect("the run can be asked");
        assert!(ended.is_none() || is_so(), "the run ended too early");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a run holds a folder and has said who it is.
fn is_held(tiny: &Tiny, out: &str) -> bool {
    fs::read(tiny.path(&format!("{out}.partial/secateurs.lock"))).is_ok_and(|pid| !pid.is_empty())
}

fn n_stored(tiny: &Tiny) -> u64 {
    let journal = fs::read(tiny.path("out.partial/journal.json")).unwrap_or_default();
    let journal: Value = serde_json::from_slice(&journal).unwrap_or_default();
    journal["n_stored"].as_u64().unwrap_or(0)
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
    let mut first = start(&tiny, &prune("out", &[]));
    wait_until(&mut first, || is_held(&tiny, "out"));
    for rival in rivals() {
        let line = tiny.refuse(1, &rival);
        assert!(
            line.contains(&format!("out is being written by process {}", first.id())) || line.contains("out/ is being"),
            "{rival:?}: {line}"
        );
        assert!(!line.contains("--resume"), "{line}");
    }
    assert!(
        first.try_wait().expect("it can be asked").is_none(),
        "make the first run slower"
    );
    assert!(first.wait().expect("it ends").success());
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
    let mut first = start(&tiny, &prune("out", &[]));
    wait_until(&mut first, || n_stored(&tiny) > 0);
    first.kill().expect("it can be killed");
    first.wait().expect("it ends");
    assert!(
        tiny.path("out.partial/secateurs.lock").exists(),
        "the lock file is there, the lock is not"
    );
    // Another kind of job does not throw away what can be gone on with.
    let line = tiny.refuse(1, &["pack", "model", "-o", "out"]);
    assert!(line.contains("unfinished work") && n_stored(&tiny) > 0, "{line}");
    let line = tiny.refuse(1, &[&train("out")[..], &["--resume"]].concat());
    assert!(line.contains("kind of method") && n_stored(&tiny) > 0, "{line}");
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
    let mut training = start(&tiny, &train("out"));
    wait_until(&mut training, || is_held(&tiny, "out"));
    let line = tiny.refuse(1, &["pack", "model", "-o", "out", "--force"]);
    assert!(line.contains(&format!("process {}", training.id())), "{line}");
    training.kill().expect("it can be killed");
    training.wait().expect("it ends");

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
    let mut tracing = start(&tiny, &traces(&[]));
    wait_until(&mut tracing, || {
        fs::metadata(tiny.path("traces.partial")).is_ok_and(|file| file.len() > 2000)
    });
    for rival in [
        traces(&[]),
        traces(&["--force"]),
        traces(&["--resume"]),
        vec!["pack", "model", "-o", "./traces", "--force"],
    ] {
        let line = tiny.refuse(1, &rival);
        assert!(line.contains("traces is being written by another job"), "{line}");
    }
    tracing.kill().expect("it can be killed");
    tracing.wait().expect("it ends");
    assert!(tiny.refuse(1, &traces(&[])).contains("unfinished work"));
}

/// What cannot be gone on with is removed when the user interrupts it.
#[cfg(unix)]
#[test]
fn an_interrupted_packing_leaves_nothing() {
    let tiny = Tiny::new(1);
    tiny.write_wide_model("wide", 8, 256);
    let mut packing = start(&tiny, &["pack", "wide", "--measure", "-o", "packed"]);
    wait_until(&mut packing, || is_held(&tiny, "packed"));
    let id = packing.id().to_string();
    let killed = std::process::Command::new("kill").args(["-TERM", &id]).status();
    assert!(killed.expect("kill is there").success());
    assert!(!packing.wait().expect("it ends").success(), "make the packing slower");
    assert!(!tiny.path("packed").exists() && !tiny.path("packed.partial").exists());
    let mut packing = start(&tiny, &["pack", "wide", "--measure", "-o", "packed"]);
    wait_until(&mut packing, || is_held(&tiny, "packed"));
    packing.kill().expect("it can be killed");
    packing.wait().expect("it ends");
    tiny.succeed(&["pack", "wide", "--quiet", "-o", "packed"]);
    assert!(!tiny.path("packed.partial").exists());
}
