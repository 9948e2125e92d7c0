//! Packages of Debian and Ubuntu.

use std::process::Command;

use crate::error::TaskError;
use crate::process;

/// Installs packages if this user may, or says that `what` is missing and how to get it.
pub fn install(packages: &[&str], what: &'static str) -> Result<(), TaskError> {
    let names = packages.join(" ");
    let is_root = process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let has_apt = process::succeeds(Command::new("apt-get").arg("--version"));
    if !is_root || !has_apt {
        let remedy = format!("install it, on Debian and Ubuntu: apt-get install {names}");
        return Err(TaskError::Missing { what, remedy });
    }
    eprintln!("installing {names}");
    process::run(apt().arg("update"))?;
    process::run(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    command
}
