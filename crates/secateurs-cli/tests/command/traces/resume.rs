//! Traces of runs that are cut off or killed, and outputs in the way.

use std::fs;

use crate::tiny::bytes;
use crate::tiny::traces::{lines, tiny, trace};

#[test]
fn a_run_cut_off_anywhere_goes_on_to_the_same_bytes() {
    let tiny = tiny();
    tiny.succeed(&trace("whole", &["--quiet"]));
    let whole = bytes(tiny.path("whole"));
    for length in [1, 10, 400, 1100, 2000, whole.len() - 1, whole.len()] {
        fs::write(tiny.path("out.partial"), &whole[..length]).expect("it can be written");
        let line = tiny.refuse(1, &trace("out", &[]));
        assert!(line.contains("--resume"), "{line}");
        tiny.succeed(&trace("out", &["--batch", "3", "--resume", "--quiet"]));
        assert!(bytes(tiny.path("out")) == whole, "cut at {length}");
        fs::remove_file(tiny.path("out")).expect("it is there");
    }
    let mut swapped: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    swapped.swap(2, 3);
    fs::write(tiny.path("out.partial"), swapped.concat()).expect("it can be written");
    let line = tiny.refuse(1, &trace("out", &["--resume"]));
    assert!(
        line.contains("line 3: it is sample 0 of prompt 2, in the place of sample 0 of prompt 1"),
        "{line}"
    );
    let part = &whole[..2000];
    fs::write(tiny.path("plain.txt"), "w1 w2\nw3\n").expect("it can be written");
    fs::write(tiny.path("out.partial"), part).expect("it can be written");
    for (args, what) in [
        (["--seed", "1"], "setting"),
        (["--temperature", "0.5"], "setting"),
        (["--limit", "19"], "setting"),
        (["--cache", "f32"], "setting"),
        (["--prompts", "plain.txt"], "file of prompts"),
    ] {
        let args = [&["trace", "model", "-n", "9", "-o", "out", "--resume"][..], &args].concat();
        let args = match what {
            "setting" if args.contains(&"--temperature") => [&args[..], &["--prompts", "prompts.jsonl"]].concat(),
            "setting" => [&args[..], &["--prompts", "prompts.jsonl", "--temperature", "1"]].concat(),
            _ => [&args[..], &["--temperature", "1"]].concat(),
        };
        let line = tiny.refuse(1, &args);
        assert!(line.contains(&format!("another {what}")), "{line}");
    }
    tiny.write_model("other", 2, |_, values| {
        values.iter().map(|value| value * 1.01).collect()
    });
    let mut args = trace("out", &["--resume"]);
    args[1] = "other";
    let line = tiny.refuse(1, &args);
    assert!(line.contains("another model"), "{line}");
    assert_eq!(
        bytes(tiny.path("out.partial")),
        part,
        "a refusal leaves unfinished work alone"
    );
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let tiny = tiny();
    let args = |out| trace(out, &["--samples", "150", "--batch", "2", "--quiet"]);
    tiny.succeed(&args("whole"));
    let mut running = tiny.start(&args("out"));
    running.wait_until(|| tiny.length("out.partial") >= 3000);
    running.kill();
    assert!(!tiny.path("out").exists());
    tiny.succeed(&[&args("out")[..], &["--resume"]].concat());
    assert!(bytes(tiny.path("out")) == bytes(tiny.path("whole")));
}

#[test]
fn outputs_are_replaced_only_if_they_are_traces() {
    let tiny = tiny();
    tiny.succeed(&trace("t.jsonl", &["--limit", "2", "--quiet"]));
    let line = tiny.refuse(1, &trace("t.jsonl", &[]));
    assert!(line.contains("--force"), "{line}");
    tiny.succeed(&trace("t.jsonl", &["--limit", "3", "--force", "--quiet"]));
    assert_eq!(lines(&tiny, "t.jsonl").len(), 4);
    let before = bytes(tiny.path("test.txt"));
    let line = tiny.refuse(1, &trace("test.txt", &["--force"]));
    assert!(line.contains("no file of traces"), "{line}");
    let line = tiny.refuse(1, &trace("prompts.jsonl", &["--force"]));
    assert!(line.contains("input of this run"), "{line}");
    assert_eq!(bytes(tiny.path("test.txt")), before);
    let line = tiny.refuse(1, &trace("new.jsonl", &["--resume"]));
    assert!(line.contains("no run to resume"), "{line}");
}
