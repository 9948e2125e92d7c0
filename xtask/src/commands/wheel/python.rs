//! Virtual environments of Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::apt;
use crate::error::TaskError;
use crate::process;

/// A folder with its own packages of Python.
pub struct VirtualEnvironment {
    folder: PathBuf,
}

impl VirtualEnvironment {
    /// Makes an empty environment, over whatever was in the folder; installs what Python lacks for that if it may.
    pub fn create(folder: &Path) -> Result<Self, TaskError> {
        let make = || {
            let mut command = Command::new("python3");
            command.args(["-m", "venv", "--clear"]).arg(folder);
            command
        };
        if !process::succeeds(&mut make()) {
            apt::install(&["python3-venv"], "python3 with its modules venv and pip")?;
            process::run(&mut make())?;
        }
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Installs packages by name, with `==` and a version, or wheels by path.
    pub fn install(&self, packages: &[&str]) -> Result<(), TaskError> {
        let mut pip = self.command("python");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]);
        process::run(pip.args(packages))
    }

    /// One of its programs.
    pub fn command(&self, program: &str) -> Command {
        Command::new(self.programs().join(program))
    }

    /// The folder of its programs.
    pub fn programs(&self) -> PathBuf {
        self.folder.join("bin")
    }
}
