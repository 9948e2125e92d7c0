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

/// Where the wheel goes.
#[derive(clap::Args)]
pub struct Arguments {
    /// Folder for the wheel [default: `wheel` in the target folder].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Builds the wheel, checks what is in it, and runs the command from a fresh virtual environment.
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
