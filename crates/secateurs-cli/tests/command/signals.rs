//! Ctrl-C and SIGTERM: one line, exit code 130 or 143, and nothing left but what can be gone on with.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use crate::tiny::running::{Ended, Running};
use crate::tiny::{Tiny, bytes, traces, words};

/// Signals, their exit codes, and the first word of the line.
const SIGNALS: [(&str, i32, &str); 2] = [("INT", 130, "interrupted"), ("TERM", 143, "terminated")];

/// Ends a command by each signal in turn, and checks code and line; `start` begins it and waits until it is in the middle.
fn end_by_each(tail: &str, mut start: impl FnMut() -> Running, mut check: impl FnMut()) {
    for (signal, expected, word) in SIGNALS {
        let Ended { code, stderr } = start().end_by(signal);
        assert_eq!(code, Some(expected), "{signal}: {stderr}");
        assert_eq!(stderr, format!("{word}{tail}\n"), "{signal}");
        check();
    }
}

const RESUMABLE: &str = "; finished work is in out.partial: repeat the command with --resume to continue";
const REMOVED: &str = "; nothing was finished, and nothing is left behind";

/// Ends a job that has finished something and then goes on to the same bytes as `whole`, which was never interrupted.
fn goes_on(tiny: &Tiny, args: &[&str], is_in_the_middle: impl Fn() -> bool, whole: &str) {
    let start = || {
        let mut running = tiny.start(args);
        running.wait_until(&is_in_the_middle);
        running
    };
    let out = whole.replace("whole", "out");
    end_by_each(RESUMABLE, start, || {
        assert!(!tiny.path("out").exists() && tiny.path("out.partial").exists());
        tiny.succeed(&[args, &["--resume", "--quiet"]].concat());
        assert!(bytes(tiny.path(&out)) == bytes(tiny.path(whole)), "{args:?}");
        assert!(!tiny.path("out.partial").exists());
        let removed = fs::remove_dir_all(tiny.path("out")).or_else(|_| fs::remove_file(tiny.path("out")));
        removed.expect("it is there");
    });
}

fn l_admm<'a>(iterations: &'a str, out: &'a str) -> Vec<&'a str> {
    let method = [
        "prune",
        "model",
        "-m",
        "l-admm",
        "-s",
        "0.5",
        "--iterations",
        iterations,
    ];
    let calibration = ["-c", "calibration.txt", "--window", "32", "--windows", "4", "-o", out];
    [&method, &calibration[..]].concat()
}

#[test]
fn pruning_goes_on_after_its_last_block() {
    let tiny = Tiny::new(6);
    tiny.succeed(&[&l_admm("500", "whole")[..], &["--quiet"]].concat());
    goes_on(
        &tiny,
        &l_admm("500", "out"),
        || tiny.n_stored() > 0,
        "whole/model.safetensors",
    );
}

#[test]
fn pruning_that_has_finished_nothing_leaves_nothing() {
    let tiny = Tiny::new(1);
    let start = || {
        let mut running = tiny.start(&l_admm("4000000", "out"));
        running.wait_until(|| tiny.path("out.partial/journal.json").exists());
        running
    };
    end_by_each(REMOVED, start, || {
        assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists())
    });
}

#[test]
fn what_an_earlier_run_finished_outlives_one_that_finished_nothing() {
    let tiny = Tiny::new(6);
    let mut first = tiny.start(&l_admm("500", "out"));
    first.wait_until(|| tiny.n_stored() > 0);
    first.kill();
    let resumed = [&l_admm("500", "out")[..], &["--resume"]].concat();
    let start = || {
        let mut running = tiny.start(&resumed);
        running.wait_for_handlers();
        let id = running.id().to_string();
        running.wait_until(|| bytes(tiny.path("out.partial/secateurs.lock")) == id.as_bytes());
        running
    };
    end_by_each(RESUMABLE, start, || assert!(tiny.n_stored() > 0));
}

#[test]
fn training_goes_on_after_its_last_checkpoint() {
    let tiny = Tiny::new(2);
    let args = |out| {
        [
            "prune",
            "model",
            "-m",
            "elsa",
            "-s",
            "0.5",
            "--train",
            "calibration.txt",
            "--train-window",
            "16",
            "--batch-size",
            "4",
            "--passes",
            "99",
            "--steps",
            "120",
            "--checkpoint-every",
            "2",
            "-o",
            out,
        ]
    };
    tiny.succeed(&[&args("whole")[..], &["--quiet"]].concat());
    goes_on(
        &tiny,
        &args("out"),
        || tiny.steps_kept() >= 4,
        "whole/model.safetensors",
    );
}

#[test]
fn tracing_goes_on_after_its_last_trace() {
    let tiny = traces::tiny();
    let args = |out| traces::trace(out, &["--samples", "40", "--batch", "2"]);
    tiny.succeed(&[&args("whole")[..], &["--quiet"]].concat());
    goes_on(&tiny, &args("out"), || tiny.length("out.partial") > 3000, "whole");
}

#[test]
fn packing_and_removing_experts_leave_nothing() {
    let tiny = Tiny::new(1);
    tiny.write_wide_model("wide", 8, 256);
    tiny.write_mixture("mixture", "mixtral");
    fs::write(tiny.path("long.txt"), words(400_000, 5)).expect("the text can be written");
    let jobs = [
        &["pack", "wide", "--measure", "-o", "out"][..],
        &[
            "experts",
            "mixture",
            "--remove",
            "0.25",
            "-c",
            "long.txt",
            "--window",
            "64",
            "--windows",
            "6000",
            "-o",
            "out",
        ],
    ];
    for args in jobs {
        let start = || {
            let mut running = tiny.start(args);
            running.wait_until(|| tiny.is_held("out"));
            running
        };
        end_by_each(REMOVED, start, || {
            assert!(!tiny.path("out").exists() && !tiny.path("out.partial").exists())
        });
    }
}

#[test]
fn commands_that_write_nothing_end_at_once() {
    let tiny = traces::tiny();
    fs::write(tiny.path("long.txt"), words(400_000, 5)).expect("the text can be written");
    tiny.write_model("waits", 1, |_, values| values);
    let pipe = |name: &str| {
        let _ = fs::remove_file(tiny.path(name));
        let made = Command::new("mkfifo").arg(tiny.path(name)).status();
        assert!(made.is_ok_and(|made| made.success()), "a pipe can be made");
    };
    // Nobody ever writes to these.
    for name in ["silent.txt", "silent.jsonl", "waits/config.json"] {
        pipe(name);
    }
    let commands = [
        &["eval", "model", "--text", "long.txt", "--window", "64"][..],
        &["eval", "model", "--text", "silent.txt", "--window", "64"],
        &["eval", "model", "--traces", "silent.jsonl", "--against", "model"],
        &["generate", "model", "--raw", "-"],
        &["generate", "model", "--raw", "--prompts-from", "silent.jsonl"],
        &["bench", "--synthetic", "tiny", "--repeats", "4000000"],
        &["info", "waits"],
        &["compare", "model", "waits"],
        &[
            "prune",
            "model",
            "-m",
            "magnitude",
            "-s",
            "0.5",
            "-r",
            "silent.txt",
            "-o",
            "out",
        ],
    ];
    for args in commands {
        let start = || {
            let mut running = tiny.start(args);
            running.wait_for_handlers();
            running
        };
        end_by_each("", start, || assert!(!tiny.path("out.partial").exists(), "{args:?}"));
    }
}
