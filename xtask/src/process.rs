//! Starts programs in the workspace.

use std::process::{Command, Output, Stdio};

use crate::error::TaskError;
use crate::workspace;

/// Cargo, in the workspace's root and with the shared target folder.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", workspace::target());
    command
}

/// Runs a program; its output goes to ours.
pub fn run(command: &mut Command) -> Result<(), TaskError> {
    let status = command.status().map_err(|source| TaskError::Start {
        command: line(command),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(TaskError::Failed {
            command: line(command),
            status,
        })
    }
}

/// Becomes a program: the same process goes on as it, so that signals reach it and its exit code is ours.
///
/// It returns only if the program cannot be started; where no process can become another, it runs the program.
pub fn become_program(command: &mut Command) -> Result<(), TaskError> {
    #[cfg(unix)]
    {
        let source = std::os::unix::process::CommandExt::exec(command);
        Err(TaskError::Start {
            command: line(command),
            source,
        })
    }
    #[cfg(not(unix))]
    run(command)
}

/// Runs a program and returns its output; its messages go to our standard error.
pub fn capture(command: &mut Command) -> Result<String, TaskError> {
    let output = command.stderr(Stdio::inherit()).output();
    let Output { status, stdout, .. } = output.map_err(|source| TaskError::Start {
        command: line(command),
        source,
    })?;
    if !status.success() {
        return Err(TaskError::Failed {
            command: line(command),
            status,
        });
    }
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

/// Facts about the members of the workspace, from `cargo metadata`.
pub fn metadata() -> Result<serde_json::Value, TaskError> {
    let mut command = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let text = capture(&mut command)?;
    serde_json::from_str(&text).map_err(|source| TaskError::Output {
        command: line(&command),
        source,
    })
}

/// Whether a program can be started and succeeds, with any output.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The command line in the form that a user would type.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
