//! Commands at work, to be watched, killed or told to end.

use std::fs;
use std::io::Read;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Tiny;

/// Time that a run may take until what a test waits for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command at work.
pub struct Running {
    child: Child,
}

/// The end of a command.
pub struct Ended {
    /// The exit code; none if a signal ended the process at once.
    pub code: Option<i32>,
    /// Standard error.
    pub stderr: String,
}

impl Tiny {
    /// Starts a command, whose standard input stays open and empty.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        Running {
            child: command.spawn().expect("the binary starts"),
        }
    }

    /// Whether a run holds an output folder and has said who it is.
    pub fn is_held(&self, out: &str) -> bool {
        fs::read(self.path(&format!("{out}.partial/secateurs.lock"))).is_ok_and(|pid| !pid.is_empty())
    }

    /// Blocks stored in the unfinished work of `out`.
    pub fn n_stored(&self) -> u64 {
        self.in_journal("out.partial/journal.json", "n_stored")
    }

    /// Steps of training kept in the unfinished work of `out`.
    pub fn steps_kept(&self) -> u64 {
        self.in_journal("out.partial/journal.json", "steps_done")
    }

    fn in_journal(&self, path: &str, field: &str) -> u64 {
        let journal = fs::read(self.path(path)).unwrap_or_default();
        let journal: Value = serde_json::from_slice(&journal).unwrap_or_default();
        journal[field].as_u64().unwrap_or(0)
    }

    /// Bytes of a file; 0 where there is none.
    pub fn length(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).map_or(0, |file| file.len())
    }
}

impl Running {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether the command is at work.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the run can be asked").is_none()
    }

    /// Waits until something is so while the command works.
    pub fn wait_until(&mut self, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < PATIENCE, "it did not happen");
            assert!(
                self.is_running() || is_so(),
                "the run ended too early: {}",
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills the command, which must be at work.
    pub fn kill(mut self) {
        self.child.kill().expect("the run can be killed");
        let status = self.child.wait().expect("the run ends");
        assert!(
            !status.success(),
            "the run was over before it could be killed: make it slower"
        );
    }

    /// Lets the command end, which must be well.
    pub fn finish(mut self) {
        assert!(self.child.wait().expect("it ends").success(), "{}", self.stderr());
    }

    /// Sends a signal by its name, and waits for the end.
    #[cfg(unix)]
    pub fn end_by(mut self, signal: &str) -> Ended {
        let id = self.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.expect("kill is there").success());
        let started = Instant::now();
        while self.is_running() {
            assert!(started.elapsed() < PATIENCE, "SIG{signal} did not end it");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ended {
            code: self.child.wait().expect("it has ended").code(),
            stderr: self.stderr(),
        }
    }

    /// Waits until the command has handlers of signals, which it has before it does anything.
    #[cfg(unix)]
    pub fn wait_for_handlers(&mut self) {
        let status = format!("/proc/{}/status", self.id());
        if !fs::exists("/proc/self/status").unwrap_or(false) {
            return std::thread::sleep(Duration::from_secs(1));
        }
        self.wait_until(|| {
            let status = fs::read_to_string(&status).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            caught.is_some_and(|mask| mask >> 1 & 1 == 1 && mask >> 14 & 1 == 1)
        });
    }

    fn stderr(&mut self) -> String {
        let mut text = String::new();
        let stderr = self.child.stderr.as_mut().expect("it is a pipe");
        stderr.read_to_string(&mut text).expect("messages are UTF-8");
        text
    }
}
