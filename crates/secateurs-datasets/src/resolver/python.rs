//! Files of Python packages that are already installed.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::FilePath;

/// The interpreter, found in the search path.
pub(super) const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// Python program that prints the place of a file of an installed package, without importing the package.
const LOCATE: &str = "import sys; from importlib.metadata import distribution; print(distribution(sys.argv[1]).locate_file(sys.argv[2]))";

/// The path of `member` in the installed `package`, or the reason why there is none.
pub(super) fn installed_file(package: &str, member: &FilePath) -> Result<PathBuf, String> {
    let output = Command::new(PYTHON)
        .args(["-c", LOCATE, package, member.as_str()])
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("cannot run {PYTHON}: {e}"))?;
    if !output.status.success() {
        return Err("not installed".to_owned());
    }
    let text = String::from_utf8(output.stdout).map_err(|_| "its path is not UTF-8".to_owned())?;
    Ok(PathBuf::from(text.trim_end_matches(['\r', '\n'])))
}
