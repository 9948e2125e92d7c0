//! `cargo xtask wheel`.

mod contents;
mod glibc;
mod python;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{IoContext, TaskError};
use crate::process;
use crate::workspace;
use contents::Contents;
use python::VirtualEnvironment;

/// Builds wheels; pinned, so that the same commit makes the same wheel.
const MATURIN: &str = "maturin==1.16.0";

/// Place of the wheel.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder for the wheel [default: target/wheel]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Builds the wheel, checks its contents, and runs the command from a fresh virtual environment.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    let scratch = workspace::target().join("wheel-build");
    let tools = VirtualEnvironment::create(&scratch.join("tools"))?;
    tools.install(&[MATURIN])?;
    let wheel = build(&tools, &scratch.join("dist"))?;
    let contents = Contents::unpack(&tools, &wheel, &scratch.join("unpacked"))?;
    contents.check(&expected_version()?)?;
    trial::run(&wheel, &scratch)?;
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| workspace::target().join("wheel"));
    describe(&publish(&wheel, &out)?, &contents)
}

/// Builds the wheel in an empty folder, so that it is the only one there.
fn build(tools: &VirtualEnvironment, folder: &Path) -> Result<PathBuf, TaskError> {
    make_empty(folder)?;
    let mut maturin = tools.command("maturin");
    maturin
        .args(["build", "--release", "--locked", "--compatibility", "pypi", "--out"])
        .arg(folder)
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", workspace::target());
    process::run(&mut maturin)?;
    let mut files = fs::read_dir(folder).during("list", folder)?;
    let wheel = files.next().transpose().during("list", folder)?;
    wheel.map(|entry| entry.path()).ok_or_else(|| TaskError::Malformed {
        path: folder.to_owned(),
        problem: "maturin left no wheel here".to_owned(),
    })
}

fn make_empty(folder: &Path) -> Result<(), TaskError> {
    if folder.exists() {
        fs::remove_dir_all(folder).during("remove", folder)?;
    }
    fs::create_dir_all(folder).during("create", folder)
}

/// The version of the crate, which the wheel takes over.
fn expected_version() -> Result<String, TaskError> {
    let metadata = process::metadata()?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut named = packages.filter(|package| package["name"] == "secateurs-cli");
    let version = named.next().and_then(|package| package["version"].as_str());
    Ok(version.unwrap_or_default().to_owned())
}

fn publish(wheel: &Path, out: &Path) -> Result<PathBuf, TaskError> {
    fs::create_dir_all(out).during("create", out)?;
    let place = out.join(wheel.file_name().unwrap_or_default());
    fs::copy(wheel, &place).during("write", &place)?;
    Ok(place)
}

fn describe(wheel: &Path, contents: &Contents) -> Result<(), TaskError> {
    let size = |path: &Path| {
        let bytes = fs::metadata(path).during("read", path)?.len();
        Ok::<_, TaskError>(format!("{:.1} MB", bytes as f64 / 1e6))
    };
    println!("\nwheel    {} ({})", wheel.display(), size(wheel)?);
    println!("program  {} unpacked", size(contents.program())?);
    println!("tags     {}", contents.tags().join(", "));
    match glibc::oldest(contents.program())? {
        Some(version) => println!("glibc    {version} or newer"),
        None => println!("glibc    not used"),
    }
    println!("install  pip install {}", wheel.display());
    Ok(())
}

/// A command that sees only the folder's programs and the system's.
fn isolated(mut command: Command, programs: &Path) -> Command {
    let path = format!("{}:/usr/bin:/bin", programs.display());
    command.env_clear().env("PATH", path).env("LC_ALL", "C.UTF-8");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(text: &'a str, start: &str) -> &'a str {
        let found = text.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line {start:?}"))
    }

    #[test]
    fn the_python_project_says_what_the_workspace_says() {
        let read = |name: &str| fs::read_to_string(workspace::root().join(name)).expect(name);
        let (python, rust) = (read("pyproject.toml"), read("Cargo.toml"));
        assert_eq!(line(&python, "license ="), line(&rust, "license ="));
        assert!(
            line(&rust, "repository =").ends_with(line(&python, "Repository =").trim_start_matches("Repository = "))
        );
        assert_eq!(line(&python, "readme ="), format!("readme = {:?}", contents::PAGE));
        let manifest = line(&python, "manifest-path =").trim_start_matches("manifest-path = ");
        assert!(
            workspace::root().join(manifest.trim_matches('"')).is_file(),
            "{manifest}"
        );
    }

    #[test]
    fn the_pinned_maturin_is_one_that_pip_would_take() {
        let version = MATURIN.trim_start_matches("maturin==");
        let read = fs::read_to_string(workspace::root().join("pyproject.toml")).expect("pyproject.toml");
        let (least, below) = line(&read, "requires =")
            .trim_start_matches("requires = [\"maturin>=")
            .trim_end_matches("\"]")
            .split_once(",<")
            .expect("two bounds");
        assert!(version.starts_with(&format!("{least}.")), "{version} is not {least}");
        assert!(
            !version.starts_with(&format!("{below}.")),
            "{version} is not below {below}"
        );
    }
}
