//! `cargo xtask deny`.

use std::path::Path;
use std::process::Command;

use crate::error::TaskError;
use crate::process::{self, cargo};
use crate::workspace;

/// Options of the check.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Look for known security holes, too, in a list fetched from GitHub
    #[arg(long)]
    pub advisories: bool,
}

/// The version that the list of exceptions was written with.
const INSTALL: &str = "cargo install cargo-deny --version 0.20.2 --locked";

/// Checks dependencies: licences of everything that can be built in, and with the default features second versions of one
/// crate and places that packages come from.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    if !process::succeeds(&mut cargo(&["deny", "--version"])) {
        return Err(TaskError::Missing {
            what: "cargo-deny",
            remedy: format!("run `{INSTALL}`, 3.2 minutes of CPU time"),
        });
    }
    let manifest = workspace::root().join("Cargo.toml");
    process::run(deny(&manifest, Features::All).args(["check", "licenses"]))?;
    // An exception that is needed no longer would let the next second version pass.
    let complete = ["check", "--deny", "unmatched-skip", "bans", "sources"];
    process::run(deny(&manifest, Features::Default).args(complete))?;
    if arguments.advisories {
        process::run(deny(&manifest, Features::All).args(["check", "advisories"]))?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Features {
    All,
    Default,
}

/// cargo-deny on a workspace with the settings of this repository.
fn deny(manifest: &Path, features: Features) -> Command {
    let mut command = cargo(&["deny", "--log-level", "error", "--manifest-path"]);
    command.arg(manifest);
    command.arg("--config").arg(workspace::root().join("deny.toml"));
    if features == Features::All {
        command.arg("--all-features");
    }
    command
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A package without dependencies under a licence.
    fn package(licence: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("src")).expect("writable");
        fs::write(folder.path().join("src/lib.rs"), "").expect("writable");
        let manifest = format!(
            "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"{licence}\"\n[workspace]\n"
        );
        fs::write(folder.path().join("Cargo.toml"), manifest).expect("writable");
        folder
    }

    fn passes(licence: &str) -> bool {
        let folder = package(licence);
        let mut command = deny(&folder.path().join("Cargo.toml"), Features::All);
        process::succeeds(command.args(["--offline", "check", "licenses"]))
    }

    #[test]
    fn a_licence_that_is_not_allowed_fails() {
        // The stage itself says that cargo-deny is missing; without it there is nothing to test.
        if process::succeeds(&mut cargo(&["deny", "--version"])) {
            assert!(passes("MIT"));
            assert!(passes("GPL-3.0-only OR Apache-2.0"));
            assert!(!passes("GPL-3.0-only"));
            assert!(!passes("MIT AND GPL-3.0-only"));
        }
    }
}
