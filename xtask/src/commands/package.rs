//! `cargo xtask package`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::error::{IoContext, TaskError};
use crate::process::{self, cargo};
use crate::workspace;

/// Fields that a registry shows, or that make a crate findable there.
const METADATA: [&str; 5] = ["description", "license", "repository", "readme", "rust_version"];

/// Lists of at least one entry.
const LISTS: [&str; 2] = ["keywords", "categories"];

/// Packs every crate that may be published, and checks all of them in a workspace of the packages alone.
///
/// `cargo package` would build each package with the features of that package only, which is another build of burn for
/// most of them. Together they have the features of the whole workspace, whose burn is there already.
pub fn run() -> Result<(), TaskError> {
    let crates = published(&process::metadata()?)?;
    pack(&crates)?;
    let folder = workspace::target().join("package-trial");
    unpack(&crates, &folder)?;
    let manifest = folder.join("Cargo.toml");
    fs::write(&manifest, trial_manifest(&crates)).during("write", &manifest)?;
    let lock = folder.join("Cargo.lock");
    fs::copy(workspace::root().join("Cargo.lock"), &lock).during("write", &lock)?;
    let mut check = cargo(&["check", "--release", "--workspace"]);
    process::run(check.current_dir(&folder))?;
    println!("package: {} crates compile from their packages", crates.len());
    Ok(())
}

/// A crate that may be published.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Crate {
    name: String,
    version: String,
}

impl Crate {
    /// The name of its folder in its package.
    fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// The crates of `cargo metadata` that may be published; refuses those whose manifests lack something.
fn published(metadata: &Value) -> Result<Vec<Crate>, TaskError> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    // No registry is `[]`, and any registry is null.
    let packages: Vec<&Value> = packages.filter(|package| package["publish"].is_null()).collect();
    let problems: Vec<String> = packages.iter().flat_map(|package| problems(package)).collect();
    problems.iter().for_each(|problem| println!("{problem}"));
    match problems.len() {
        0 => Ok(packages.iter().map(|package| named(package)).collect()),
        count => Err(TaskError::Findings {
            count,
            what: "gaps in manifests of crates",
        }),
    }
}

fn named(package: &Value) -> Crate {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    Crate {
        name: text("name"),
        version: text("version"),
    }
}

fn problems(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let is_text = |key: &&str| package[*key].as_str().is_some_and(|text| !text.trim().is_empty());
    let is_list = |key: &&str| package[*key].as_array().is_some_and(|list| !list.is_empty());
    let texts = METADATA.iter().filter(|key| !is_text(key));
    let lists = LISTS.iter().filter(|key| !is_list(key));
    let gaps = texts
        .chain(lists)
        .map(|key| format!("{name}: its manifest has no {key}"));
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    // A registry knows no paths; `*` is what cargo reports where no version is given.
    let without = dependencies.filter(|dependency| dependency["path"].is_string() && dependency["req"] == "*");
    let loose = without.map(|dependency| format!("{name}: {} has a path and no version", dependency["name"]));
    gaps.chain(loose).collect()
}

/// Writes the packages; a change that is not yet committed may be in them, since nothing is published.
fn pack(crates: &[Crate]) -> Result<(), TaskError> {
    let mut command = cargo(&["package", "--quiet", "--no-verify", "--allow-dirty"]);
    for krate in crates {
        command.args(["--package", &krate.name]);
    }
    process::run(&mut command)
}

fn unpack(crates: &[Crate], folder: &Path) -> Result<(), TaskError> {
    if folder.exists() {
        fs::remove_dir_all(folder).during("remove", folder)?;
    }
    fs::create_dir_all(folder).during("create", folder)?;
    for krate in crates {
        let package = archive(krate);
        let mut tar = Command::new("tar");
        process::run(tar.arg("-xzf").arg(&package).arg("-C").arg(folder))?;
        let licence = folder.join(krate.folder()).join("LICENSE");
        if !licence.is_file() {
            return Err(TaskError::Malformed {
                path: package,
                problem: "has no LICENSE".to_owned(),
            });
        }
    }
    Ok(())
}

fn archive(krate: &Crate) -> PathBuf {
    workspace::target()
        .join("package")
        .join(format!("{}.crate", krate.folder()))
}

/// A workspace of the unpacked crates; each finds the others as if a registry had them.
///
/// The profile is that of the repository: another one would build burn again.
fn trial_manifest(crates: &[Crate]) -> String {
    let members: Vec<String> = crates.iter().map(|krate| format!("{:?}", krate.folder())).collect();
    let patches = crates
        .iter()
        .map(|krate| format!("{} = {{ path = {:?} }}\n", krate.name, krate.folder()));
    format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[profile.release]\ndebug = false\n\n[patch.crates-io]\n{}",
        members.join(", "),
        patches.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn complete() -> Value {
        json!({
            "name": "secateurs-x", "version": "0.1.0", "publish": null, "description": "Text.", "license": "MIT",
            "repository": "https://x", "readme": "README.md", "rust_version": "1.95", "keywords": ["a"],
            "categories": ["science"],
            "dependencies": [{ "name": "serde", "req": "^1" }, { "name": "y", "path": "../y", "req": "^0.1.0" }],
        })
    }

    #[test]
    fn a_complete_manifest_passes_and_each_gap_is_named() {
        assert_eq!(problems(&complete()), [""; 0]);
        for key in METADATA.iter().chain(&LISTS) {
            let mut package = complete();
            package[*key] = Value::Null;
            assert_eq!(problems(&package), [format!("secateurs-x: its manifest has no {key}")]);
        }
        let mut package = complete();
        package["keywords"] = json!([]);
        package["dependencies"][1]["req"] = json!("*");
        assert_eq!(problems(&package).len(), 2);
    }

    #[test]
    fn a_crate_for_this_repository_only_is_left_out() {
        let mut private = complete();
        private["publish"] = json!([]);
        private["description"] = Value::Null;
        let metadata = json!({ "packages": [private, complete()] });
        assert_eq!(published(&metadata).expect("complete").len(), 1);
    }

    #[test]
    fn crates_of_the_trial_find_each_other() {
        let manifest = trial_manifest(&[named(&complete())]);
        assert!(manifest.contains("members = [\"secateurs-x-0.1.0\"]"), "{manifest}");
        assert!(
            manifest.contains("secateurs-x = { path = \"secateurs-x-0.1.0\" }"),
            "{manifest}"
        );
    }
}
