//! Texts that come through pipes, outputs that are pipes, and outputs inside the work of another job.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::tiny::{Tiny, bytes, json_of, words};
use secateurs::data::{HeldOutput, OutputKind};
use serde_json::Value;

const INPUT: &str = "/dev/stdin";

/// The JSON of a command that reads `text` from its standard input.
fn piped(tiny: &Tiny, args: &[&str], text: &[u8]) -> Value {
    let mut command = tiny.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("it is a pipe");
    input.write_all(text).expect("the program reads");
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.status.success(), "{args:?}");
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

#[test]
fn a_text_is_the_same_through_a_pipe() {
    let tiny = Tiny::new(1);
    // Longer than any look at its beginning.
    let text = words(6000, 3);
    assert!(text.len() > 20_000);
    fs::write(tiny.path("long.txt"), &text).expect("the text can be written");
    let eval = |text| ["eval", "model", "--text", text, "--window", "32", "--json"];
    let by_file = json_of(&mut tiny.command(&eval("long.txt")));
    let by_pipe = piped(&tiny, &eval(INPUT), text.as_bytes());
    assert_eq!(by_file["perplexity"], by_pipe["perplexity"]);
    assert_eq!(by_file["tokens"], by_pipe["tokens"]);

    let prune = |text, out| {
        [
            "prune", "model", "-m", "wanda", "-s", "0.5", "-c", text, "--window", "32", "-o", out, "--json",
        ]
    };
    json_of(&mut tiny.command(&prune("long.txt", "by-file")));
    piped(&tiny, &prune(INPUT, "by-pipe"), text.as_bytes());
    let weights = |out: &str| bytes(tiny.path(out).join("model.safetensors"));
    assert!(weights("by-file") == weights("by-pipe"), "one text, one model");
}

#[test]
fn an_output_that_is_a_pipe_is_refused_at_once() {
    let tiny = Tiny::new(1);
    let made = Command::new("mkfifo").arg(tiny.path("fifo")).status();
    assert!(made.is_ok_and(|made| made.success()), "a pipe can be made");
    fs::write(tiny.path("prompts.txt"), "w1 w2\n").expect("the prompts can be written");
    for force in [&[][..], &["--force"]] {
        let args = [
            "trace",
            "model",
            "--raw",
            "--prompts",
            "prompts.txt",
            "-n",
            "2",
            "-o",
            "fifo",
        ];
        let line = tiny.refuse(1, &[&args[..], force].concat());
        assert!(line.contains("fifo"), "{line}");
    }
}

#[test]
fn nothing_is_put_into_the_work_of_another_job() {
    let tiny = Tiny::new(1);
    let held = HeldOutput::new(&tiny.path("out"), OutputKind::Folder).expect("nobody has it");
    fs::write(tiny.path("prompts.txt"), "w1 w2\n").expect("the prompts can be written");
    let prune = [
        "prune",
        "model",
        "-m",
        "magnitude",
        "-s",
        "0.5",
        "-o",
        "out.partial/inside",
        "--force",
    ];
    let pack = ["pack", "model", "-o", "out.partial/packed", "--force"];
    let trace = [
        "trace",
        "model",
        "--raw",
        "--prompts",
        "prompts.txt",
        "-n",
        "2",
        "-o",
        "out.partial/t.jsonl",
    ];
    for args in [&prune[..], &pack, &trace] {
        let line = tiny.refuse(1, args);
        assert!(line.contains("out.partial is being written"), "{line}");
    }
    let left = fs::read_dir(tiny.path("out.partial")).expect("it is there");
    assert_eq!(left.count(), 1, "the lock alone");
    // What a job that was killed left bars nobody.
    drop(held);
    fs::create_dir(tiny.path("out.partial")).expect("a folder can be made");
    fs::write(tiny.path("out.partial/secateurs.lock"), "1").expect("a file can be written");
    tiny.succeed(&prune);
}
