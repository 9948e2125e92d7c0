//! Reasons that keep an output from being made: every command that writes tells them before the work, and leaves nothing behind.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::tiny::Tiny;

/// The commands that write, without their output.
const WRITERS: [(&str, &[&str]); 5] = [
    ("prune", &["prune", "model", "-m", "magnitude", "-s", "0.5"]),
    (
        "train",
        &[
            "prune",
            "model",
            "-m",
            "elsa",
            "-s",
            "0.5",
            "--train",
            "calibration.txt",
            "--steps",
            "2",
            "--train-window",
            "16",
            "--batch-size",
            "2",
        ],
    ),
    (
        "experts",
        &[
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
        ],
    ),
    ("pack", &["pack", "model"]),
    ("trace", &["trace", "model", "--prompts", "prompts.txt", "-n", "4"]),
];

fn tiny() -> Tiny {
    let tiny = Tiny::new(1);
    tiny.write_mixture("mixture", "mixtral");
    fs::write(tiny.path("prompts.txt"), "w1 w2\nw3\n").expect("written");
    fs::write(tiny.path("file"), "precious").expect("written");
    fs::create_dir(tiny.path("folder")).expect("made");
    fs::write(tiny.path("folder/precious"), "data").expect("written");
    tiny
}

/// All paths below a folder, with the content of files.
fn everything(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path = entry.expect("listed").path();
            let is_folder = path.symlink_metadata().expect("there").is_dir();
            found.push((path.display().to_string(), fs::read(&path).ok()));
            if is_folder {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn impossible_outputs_are_refused_and_nothing_changes() {
    let tiny = tiny();
    let long = "n".repeat(250);
    let mut cases = vec![
        ("absent/out", "there is no folder absent"),
        ("file/out", "there is no folder file"),
        ("absent/../out", "there is no folder absent/.."),
        (&long, "File name too long"),
        ("file", "file"),
        ("folder", "folder"),
        ("folder/", "folder"),
        (".", "does not name an output"),
        ("folder/..", "does not name an output"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", tiny.path("dangling")).expect("linked");
        std::os::unix::fs::symlink("nowhere", tiny.path("place.partial")).expect("linked");
        cases.push(("dangling", "is a link to something that does not exist"));
        cases.push(("place", "place.partial already exists"));
    }
    let before = everything(&tiny.path("."));
    for (name, writer) in WRITERS {
        let inside = if name == "experts" { "mixture/out" } else { "model/out" };
        for (out, says) in cases.iter().copied().chain([(inside, "which this run reads")]) {
            for flags in [&[][..], &["--force"]] {
                let line = tiny.refuse(1, &[writer, &["-o", out], flags].concat());
                assert!(line.contains(says), "{name} {out:?}: {line}");
                assert!(!line.contains("--resume"), "{name} {out:?}: {line}");
            }
        }
    }
    assert!(
        everything(&tiny.path(".")) == before,
        "something was left behind or changed"
    );
}

/// Inputs in the place where the output would grow or be.
#[test]
fn no_input_is_written_over() {
    let tiny = tiny();
    for (from, to) in [
        ("model", "model.partial"),
        ("mixture", "mixture.partial"),
        ("prompts.txt", "prompts.partial"),
    ] {
        fs::rename(tiny.path(from), tiny.path(to)).expect("renamed");
    }
    fs::rename(
        tiny.path("calibration.txt"),
        tiny.path("mixture.partial/calibration.txt"),
    )
    .expect("renamed");
    fs::copy(
        tiny.path("mixture.partial/calibration.txt"),
        tiny.path("model.partial/calibration.txt"),
    )
    .expect("copied");
    let before = everything(&tiny.path("."));
    let prune = ["prune", "model.partial", "-m", "magnitude", "-s", "0.5", "-o"];
    let train = [
        "prune",
        "model.partial",
        "-m",
        "elsa",
        "-s",
        "0.5",
        "--train",
        "mixture.partial/calibration.txt",
        "-o",
    ];
    let experts = [
        "experts",
        "mixture.partial",
        "--window",
        "32",
        "-m",
        "reap",
        "--remove",
        "0.25",
        "-c",
        "model.partial/calibration.txt",
        "-o",
    ];
    let trace = ["trace", "model.partial", "--prompts", "prompts.partial", "-o"];
    let calls = [
        (&prune[..], "model"),
        (&prune, "./folder/../model/"),
        (&["pack", "model.partial", "-o"], "model"),
        (&train, "mixture"),
        (&train, "mixture.partial"),
        (&experts, "model"),
        (&trace, "prompts"),
        (&trace, "prompts.partial"),
        (&trace, "model"),
    ];
    for (call, out) in calls {
        let line = tiny.refuse(1, &[call, &[out, "--force"]].concat());
        assert!(
            line.contains("is or holds the model or another input"),
            "{call:?} {out}: {line}"
        );
    }
    assert!(everything(&tiny.path(".")) == before, "an input was changed");
}

/// A folder that nobody's job made is not thrown away, even where work would go.
#[test]
fn only_unfinished_work_is_replaced() {
    let tiny = tiny();
    fs::rename(tiny.path("folder"), tiny.path("out.partial")).expect("renamed");
    for (name, writer) in WRITERS {
        for flags in [&[][..], &["--force"]] {
            let line = tiny.refuse(1, &[writer, &["-o", "out"], flags].concat());
            assert!(
                line.contains("out.partial is needed for unfinished work"),
                "{name}: {line}"
            );
        }
        assert_eq!(crate::tiny::bytes(tiny.path("out.partial/precious")), b"data");
        assert!(!tiny.path("out.partial/secateurs.lock").exists());
    }
}

#[test]
fn outputs_are_replaced_by_force_through_links_too() {
    let tiny = tiny();
    for (name, writer) in WRITERS {
        tiny.succeed(&[writer, &["-o", name, "--quiet"]].concat());
        let line = tiny.refuse(1, &[writer, &["-o", name]].concat());
        assert!(line.contains("exists already; give --force"), "{name}: {line}");
        tiny.succeed(&[writer, &["-o", name, "--quiet", "--force"]].concat());
        #[cfg(unix)]
        {
            let link = format!("link-{name}");
            std::os::unix::fs::symlink(name, tiny.path(&link)).expect("linked");
            tiny.succeed(&[writer, &["-o", &link, "--quiet", "--force"]].concat());
            assert!(
                !tiny.path(&link).symlink_metadata().expect("there").is_symlink(),
                "the link is replaced"
            );
            assert!(tiny.path(name).exists(), "what it led to is not");
        }
    }
    let left = fs::read_dir(tiny.path(".")).expect("listed").flatten();
    let left: Vec<OsString> = left.map(|entry| entry.file_name()).collect();
    assert!(
        !left.iter().any(|name| name.to_string_lossy().contains("partial")),
        "{left:?}"
    );
}

/// Paths are bytes: every command takes them, and JSON shows what Unicode has of them.
#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_no_unicode_work() {
    use std::os::unix::ffi::OsStringExt;
    let tiny = tiny();
    let odd = |name: &str| OsString::from_vec([name.as_bytes(), b"-\xff"].concat());
    for name in ["model", "mixture", "prompts.txt"] {
        fs::rename(tiny.path(name), tiny.path(".").join(odd(name))).expect("renamed");
    }
    for (name, writer) in WRITERS {
        let mut command = tiny.command(&[]);
        for arg in writer {
            match *arg {
                "model" | "mixture" | "prompts.txt" => command.arg(odd(arg)),
                arg => command.arg(arg),
            };
        }
        let result = crate::tiny::json_of(command.arg("-o").arg(odd(name)).arg("--json"));
        assert!(tiny.path(".").join(odd(name)).exists(), "{name}");
        if let Some(out) = result.get("out") {
            assert_eq!(out, &format!("{name}-\u{fffd}"), "{name}");
        }
    }
    let read = |args: &[&str], model: &str| {
        let mut command = tiny.command(&args[..1]);
        crate::tiny::json_of(command.arg(odd(model)).args(&args[1..]).arg("--json"))
    };
    read(&["info"], "prune");
    read(&["eval", "--text", "test.txt", "--window", "32"], "pack");
    read(&["generate", "w1", "-n", "2"], "train");
    let mut compare = tiny.command(&["compare"]);
    crate::tiny::json_of(compare.arg(odd("prune")).arg(odd("train")).arg("--json"));
    // A recipe is text, and so are the paths in it: they are refused before anything is done.
    let mut prune = tiny.command(&["prune", "-m", "wanda", "-s", "0.5", "-o", "out", "-c"]);
    let refused = prune
        .arg(odd("text"))
        .arg(odd("model"))
        .output()
        .expect("the binary starts");
    assert_eq!(refused.status.code(), Some(2));
    assert!(!tiny.path("out.partial").exists());
}

/// A limit on the size of files is an error like a full disk.
#[cfg(unix)]
#[test]
fn a_limit_on_file_sizes_is_told_and_leaves_what_can_be_gone_on_with() {
    let tiny = tiny();
    tiny.write_wide_model("wide", 2, 96);
    let limited = |args: &[&str]| {
        let script = format!(
            "ulimit -f 64; exec {} {}",
            env!("CARGO_BIN_EXE_secateurs"),
            args.join(" ")
        );
        let mut shell = std::process::Command::new("sh");
        let output = shell
            .args(["-c", &script])
            .current_dir(tiny.path("."))
            .output()
            .expect("sh is there");
        let line = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {line}");
        assert!(
            line.starts_with("error: ") && line.contains("File too large"),
            "{args:?}: {line}"
        );
        line
    };
    for call in [
        &["prune", "wide", "-m", "magnitude", "-s", "0.5"][..],
        &[
            "prune",
            "wide",
            "-m",
            "elsa",
            "-s",
            "0.5",
            "--train",
            "calibration.txt",
            "--train-window",
            "16",
            "--steps",
            "1",
        ],
        &["pack", "wide"],
    ] {
        let line = limited(&[call, &["-o", "out"]].concat());
        assert!(!line.contains("--resume"), "{line}");
        assert!(
            !tiny.path("out").exists() && !tiny.path("out.partial").exists(),
            "{call:?}"
        );
    }
    let trace = [
        "trace",
        "model",
        "--prompts",
        "prompts.txt",
        "-n",
        "20",
        "--samples",
        "400",
        "--batch",
        "4",
        "--temperature",
        "1",
        "-o",
        "traces",
    ];
    let line = limited(&trace);
    assert!(line.contains("repeat the command with --resume"), "{line}");
    tiny.succeed(&[&trace[..], &["--resume", "--quiet"]].concat());
    tiny.succeed(&[&trace[..13], &["whole", "--quiet"]].concat());
    assert!(crate::tiny::bytes(tiny.path("traces")) == crate::tiny::bytes(tiny.path("whole")));
}
