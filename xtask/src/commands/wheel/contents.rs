//! Contents of the wheel, compared with the contents that it must have.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::make_empty;
use super::python::VirtualEnvironment;
use crate::error::{IoContext, TaskError};
use crate::process;
use crate::workspace;

/// The page that the wheel shows as its description.
pub const PAGE: &str = "crates/secateurs-cli/README.md";

/// An unpacked wheel.
#[derive(Debug)]
pub struct Contents {
    folder: PathBuf,
    /// Paths from the folder, sorted, with `/` between names.
    files: BTreeSet<String>,
    program: PathBuf,
    metadata: String,
    tags: Vec<String>,
}

impl Contents {
    /// Unpacks a wheel and reads its description of itself.
    pub fn unpack(tools: &VirtualEnvironment, wheel: &Path, folder: &Path) -> Result<Self, TaskError> {
        make_empty(folder)?;
        let mut unzip = tools.command("python");
        process::run(unzip.args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder))?;
        Self::read(folder)
    }

    fn read(folder: &Path) -> Result<Self, TaskError> {
        let mut files = BTreeSet::new();
        list(folder, folder, &mut files)?;
        let place = |end: &str| {
            let file = files.iter().find(|file| file.ends_with(end));
            file.map(|file| folder.join(file)).ok_or_else(|| TaskError::Malformed {
                path: folder.to_owned(),
                problem: format!("the wheel has no *{end}"),
            })
        };
        let text = |end: &str| {
            let path = place(end)?;
            fs::read_to_string(&path).during("read", &path)
        };
        let tags = text(".dist-info/WHEEL")?;
        Ok(Self {
            folder: folder.to_owned(),
            program: place(".data/scripts/secateurs")?,
            metadata: text(".dist-info/METADATA")?,
            tags: tags
                .lines()
                .filter_map(|line| line.strip_prefix("Tag: "))
                .map(str::to_owned)
                .collect(),
            files,
        })
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The systems and versions of Python that it says it is for.
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Refuses a wheel without the licence, the description or the right metadata, or with files that nobody expects.
    pub fn check(&self, version: &str) -> Result<(), TaskError> {
        let root = workspace::root();
        let read = |path: PathBuf| fs::read_to_string(&path).during("read", &path);
        let (page, licence) = (read(root.join(PAGE))?, read(root.join("LICENSE"))?);
        let mut problems = check_metadata(&self.metadata, version);
        if description(&self.metadata).is_none_or(|text| text.trim() != page.trim()) {
            problems.push(format!("the description is not {PAGE}"));
        }
        let packed = self
            .files
            .iter()
            .find(|file| file.ends_with(".dist-info/licenses/LICENSE"));
        match packed {
            Some(file) if read(self.folder.join(file))? == licence => {}
            Some(_) => problems.push("its LICENSE is not the repository's".to_owned()),
            None => problems.push("it has no LICENSE".to_owned()),
        }
        problems.extend(strangers(&self.files));
        if !self.tags.iter().any(|tag| tag.starts_with("py3-none-")) {
            problems.push(format!("it is for {:?}, not for every Python 3", self.tags));
        }
        problems.iter().for_each(|problem| println!("wheel: {problem}"));
        match problems.len() {
            0 => Ok(()),
            count => Err(TaskError::Findings {
                count,
                what: "defects of the wheel",
            }),
        }
    }
}

fn list(folder: &Path, root: &Path, files: &mut BTreeSet<String>) -> Result<(), TaskError> {
    for entry in fs::read_dir(folder).during("list", folder)? {
        let path = entry.during("list", folder)?.path();
        if path.is_dir() {
            list(&path, root, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            files.insert(name.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// The fields that an index shows and a reader looks for.
fn check_metadata(metadata: &str, version: &str) -> Vec<String> {
    let expected = [
        ("Name", "secateurs"),
        ("Version", version),
        ("License-Expression", "MIT OR Apache-2.0"),
        ("Description-Content-Type", "text/markdown"),
        ("Requires-Python", ">="),
        ("Summary", ""),
        ("Project-URL", "Repository"),
    ];
    let wrong = expected
        .into_iter()
        .filter_map(|(name, start)| match field(metadata, name) {
            None => Some(format!("its metadata have no {name}")),
            Some(value) if !value.starts_with(start) => Some(format!("{name} is {value:?}, not {start:?}")),
            Some(_) => None,
        });
    wrong.collect()
}

fn field<'a>(metadata: &'a str, name: &str) -> Option<&'a str> {
    let head = metadata.split("\n\n").next().unwrap_or_default();
    let mut values = head
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    values.next()
}

fn description(metadata: &str) -> Option<&str> {
    metadata.split_once("\n\n").map(|(_, text)| text)
}

/// Files that are neither the program nor about it.
fn strangers(files: &BTreeSet<String>) -> Vec<String> {
    const ABOUT: [&str; 4] = ["METADATA", "RECORD", "WHEEL", "licenses/LICENSE"];
    let is_expected = |file: &str| {
        let about = file.split_once(".dist-info/").map(|(_, name)| name);
        about.is_some_and(|name| ABOUT.contains(&name)) || file.ends_with(".data/scripts/secateurs")
    };
    let found = files.iter().filter(|file| !is_expected(file));
    found.map(|file| format!("{file} does not belong in it")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = "Metadata-Version: 2.4\nName: secateurs\nVersion: 0.1.0\nSummary: Prunes.\n\
        License-Expression: MIT OR Apache-2.0\nRequires-Python: >=3.9\nProject-URL: Repository, https://x\n\
        Description-Content-Type: text/markdown; charset=UTF-8\n\n# secateurs\n\nText.\n";

    #[test]
    fn complete_metadata_pass_and_each_missing_or_wrong_field_is_named() {
        assert_eq!(check_metadata(METADATA, "0.1.0"), [""; 0]);
        assert_eq!(
            check_metadata(METADATA, "0.2.0"),
            ["Version is \"0.1.0\", not \"0.2.0\""]
        );
        let without = METADATA.replace("License-Expression: MIT OR Apache-2.0\n", "");
        assert_eq!(
            check_metadata(&without, "0.1.0"),
            ["its metadata have no License-Expression"]
        );
        // The description is no place to look for fields.
        let hidden = METADATA
            .replace("Summary: Prunes.\n", "")
            .replace("Text.", "Summary: Prunes.");
        assert_eq!(check_metadata(&hidden, "0.1.0"), ["its metadata have no Summary"]);
    }

    #[test]
    fn the_description_is_all_after_the_fields() {
        assert_eq!(description(METADATA), Some("# secateurs\n\nText.\n"));
        assert_eq!(description("Name: x\n"), None);
    }

    #[test]
    fn files_that_nobody_expects_are_found() {
        let files = [
            "a-1.dist-info/RECORD",
            "a-1.data/scripts/secateurs",
            "a/__init__.py",
            "a-1.dist-info/x",
        ];
        let found = strangers(&files.map(str::to_owned).into());
        assert_eq!(
            found,
            [
                "a-1.dist-info/x does not belong in it",
                "a/__init__.py does not belong in it"
            ]
        );
    }
}
