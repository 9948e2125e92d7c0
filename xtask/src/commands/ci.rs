//! The command `cargo xtask ci`.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::device::Device;
use crate::error::TaskError;
use crate::process::{self, cargo};
use crate::{deny, package, test, tidy};

/// Variable that, set to 1, adds the tests on the opt-in backends; each is its own build of burn.
const BACKENDS: &str = "SECATEURS_CI_BACKENDS";

/// Variable that, set to 1, adds the search for known security holes; it needs GitHub.
const ADVISORIES: &str = "SECATEURS_CI_ADVISORIES";

/// Time from the start after which the opt-in backends are stopped: the tests need the rest of an hour.
const BACKENDS_END: Duration = Duration::from_secs(40 * 60);

/// Exit status of `timeout` when it had to end the program.
const TIMED_OUT: i32 = 124;

/// A named check.
type Stage = (&'static str, fn() -> Result<(), TaskError>);

/// Packages come after clippy, which has checked burn for them.
const STAGES: [Stage; 6] = [
    ("fmt", fmt),
    ("deny", deny),
    ("clippy", clippy),
    ("package", package::run),
    ("tidy", tidy::run),
    ("doc", doc),
];

/// Runs every stage in turn and stops at the first that fails.
///
/// The times are printed before the tests, so that the test runner's summary ends the output.
pub fn run() -> Result<(), TaskError> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, stage) in STAGES {
        times.push((name, timed(name, stage)?));
    }
    if std::env::var_os(BACKENDS).is_some_and(|value| value == "1") {
        for device in [Device::Ndarray, Device::Wgpu] {
            times.push((device.name(), timed(device.name(), || backend(device, start))?));
        }
    }
    summarise(&times, start.elapsed());
    println!("== test");
    test::run(&test::Arguments::default())
}

fn timed(name: &str, stage: impl FnOnce() -> Result<(), TaskError>) -> Result<Duration, TaskError> {
    println!("== {name}");
    let start = Instant::now();
    let result = stage();
    println!(
        "== {name}: {} after {:.1} s",
        if result.is_ok() { "ok" } else { "FAILED" },
        start.elapsed().as_secs_f64()
    );
    result.map(|()| start.elapsed())
}

fn summarise(times: &[(&str, Duration)], total: Duration) {
    for (name, time) in times {
        println!("{name:>8} {:8.1} s", time.as_secs_f64());
    }
    println!("{:>8} {:8.1} s before the tests", "sum", total.as_secs_f64());
}

fn fmt() -> Result<(), TaskError> {
    process::run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn deny() -> Result<(), TaskError> {
    let advisories = std::env::var_os(ADVISORIES).is_some_and(|value| value == "1");
    deny::run(&deny::Arguments { advisories })
}

/// Runs clippy in the release profile, as everything is built: another profile would check burn once more.
fn clippy() -> Result<(), TaskError> {
    let words = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--release",
        "--",
        "--deny",
        "warnings",
    ];
    process::run(&mut cargo(&words))
}

/// Builds the documentation of libraries only: the command and the facade have one name, and their pages would
/// overwrite each other.
fn doc() -> Result<(), TaskError> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--lib", "--release"]);
    process::run(command.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Runs the tests on another backend, within the time that is left for them.
fn backend(device: Device, start: Instant) -> Result<(), TaskError> {
    let left = BACKENDS_END.saturating_sub(start.elapsed());
    if left.is_zero() {
        println!("{} is skipped: no time is left for it", device.name());
        return Ok(());
    }
    // `timeout` ends cargo together with the compilers it has started.
    let mut command = Command::new("timeout");
    command
        .arg(left.as_secs().to_string())
        .arg(own_program()?)
        .args(["test", "--device", device.name()]);
    match process::run(&mut command) {
        Err(TaskError::Failed { status, .. }) if status.code() == Some(TIMED_OUT) => {
            println!("{} is unfinished: its time is over", device.name());
            Ok(())
        }
        result => result,
    }
}

fn own_program() -> Result<PathBuf, TaskError> {
    std::env::current_exe().map_err(|source| TaskError::Io {
        action: "find",
        path: "this program".into(),
        source,
    })
}
