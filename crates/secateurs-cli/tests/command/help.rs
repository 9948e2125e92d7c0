//! Help pages: readable at any width, without colours where nobody sees them, with examples that run.

use std::process::{Command, Stdio};

use crate::tiny::Tiny;

/// The commands in the order in which the examples of their help follow each other.
const COMMANDS: [&str; 9] = [
    "info", "prune", "eval", "pack", "generate", "bench", "compare", "trace", "experts",
];

/// Beginnings of a sentence that cannot be read alone.
const WEAK: [&str; 9] = [
    "What ", "Which ", "How ", "Of ", "Those ", "The same", "By ", "That ", "Whether ",
];

/// A help page of a terminal that is `width` columns wide.
fn page(args: &[&str], width: usize) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_secateurs"));
    command
        .args(args)
        .env("COLUMNS", width.to_string())
        .stdin(Stdio::null());
    let output = command.output().expect("the binary starts");
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).expect("help is UTF-8")
}

/// The long and the short help of the program and of every command.
fn pages(width: usize) -> Vec<String> {
    let commands = COMMANDS.into_iter().chain(["completions"]).map(|command| vec![command]);
    let all = std::iter::once(Vec::new()).chain(commands);
    let both = all.flat_map(|words| ["--help", "-h"].map(|flag| [&words[..], &[flag]].concat()));
    both.map(|args| page(&args, width)).collect()
}

#[test]
fn no_line_has_a_weak_opening_or_leaves_the_page() {
    for page in pages(200) {
        for line in page.lines() {
            assert!(line.chars().count() <= 100, "{line}");
            let text = line.trim_start();
            assert!(!WEAK.iter().any(|weak| text.starts_with(weak)), "{line}\n{page}");
        }
    }
}

#[test]
fn narrow_terminals_are_filled_and_not_exceeded() {
    for page in pages(60) {
        // Clap does not break a line of usage.
        let lines = page.lines().filter(|line| !line.starts_with("Usage:"));
        lines.for_each(|line| assert!(line.chars().count() <= 60, "{line}\n{page}"));
    }
}

#[test]
fn output_that_nobody_watches_has_no_colours() {
    let tiny = Tiny::new(1);
    for args in [
        &["--help"][..],
        &["prune", "--help"],
        &["prune"],
        &["info", "model"],
        &["prunne"],
        &[],
    ] {
        let output = tiny.run(args);
        for stream in [&output.stdout, &output.stderr] {
            assert!(!stream.contains(&0x1b), "{args:?}");
        }
    }
}

/// The lines of the first example of a help page.
fn example(page: &str) -> Vec<&str> {
    let lines = page.lines().skip_while(|line| !line.starts_with("Example"));
    let lines = lines.skip_while(|line| !line.starts_with("  "));
    lines.take_while(|line| line.starts_with("  ")).collect()
}

#[cfg(unix)]
#[test]
fn the_first_example_of_every_command_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    std::os::unix::fs::symlink(fixtures, folder.path().join("fixtures")).expect("a link can be made");
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_secateurs"));
    let programs = program.parent().expect("a program is in a folder").display();
    for command in COMMANDS {
        let page = page(&[command, "--help"], 100);
        let script = example(&page).join("\n");
        assert!(script.contains("secateurs"), "{command} has no example");
        let mut shell = Command::new("sh");
        shell.args(["-ec", &script]).current_dir(folder.path());
        let path = std::env::var("PATH").unwrap_or_default();
        let output = shell
            .env("PATH", format!("{programs}:{path}"))
            .output()
            .expect("sh starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stderr.is_empty(), "{script}\n{stderr}");
    }
}
