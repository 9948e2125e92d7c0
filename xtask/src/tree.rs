//! The files of a checkout.

use std::path::Path;
use std::process::Command;

use crate::error::TaskError;
use crate::process;

/// The files under version control, or about to be.
#[derive(Debug, Default)]
pub struct Tree {
    pub files: Vec<File>,
}

/// One file; binary files have no text.
#[derive(Debug)]
pub struct File {
    /// Path from the workspace's root, with `/` between names.
    pub path: String,
    pub bytes: u64,
    pub text: Option<String>,
}

impl Tree {
    /// Reads a checkout.
    pub fn read(root: &Path) -> Result<Self, TaskError> {
        let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let list = process::capture(Command::new("git").current_dir(root).args(arguments))?;
        let mut paths: Vec<&str> = list.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        // A file that is deleted but not yet committed is still in the list.
        let present = paths.into_iter().filter(|path| root.join(path).is_file());
        Ok(Self {
            files: present.map(|path| read_file(root, path)).collect::<Result<_, _>>()?,
        })
    }

    /// The text of a file; empty if there is no such file.
    pub fn text(&self, path: &str) -> &str {
        let file = self.files.iter().find(|file| file.path == path);
        file.and_then(|file| file.text.as_deref()).unwrap_or_default()
    }

    /// The Rust sources with their texts: the crates' `src`, `xtask` and `benches`, without tests and examples.
    pub fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        self.files.iter().filter(|file| file.is_source()).filter_map(|file| {
            Some(Source {
                path: &file.path,
                text: file.text.as_deref()?,
            })
        })
    }
}

/// A Rust file that is built into a crate.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub path: &'a str,
    pub text: &'a str,
}

fn read_file(root: &Path, path: &str) -> Result<File, TaskError> {
    let full = root.join(path);
    let bytes = std::fs::read(&full).map_err(|source| TaskError::Io {
        action: "read",
        path: full,
        source,
    })?;
    let size = bytes.len() as u64;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    Ok(File {
        path: path.to_owned(),
        bytes: size,
        text,
    })
}

impl File {
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The crate's folder name, for a file in the sources of a library.
    pub fn library(&self) -> Option<&str> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        let is_leaf = ["secateurs-cli", "secateurs-experiments", "secateurs-testkit"].contains(&name);
        (rest.starts_with("src/") && self.is_rust() && !is_leaf).then_some(name)
    }

    fn is_source(&self) -> bool {
        let in_crate = self.path.strip_prefix("crates/").and_then(|path| path.split_once('/'));
        let is_built = match in_crate {
            Some((_, rest)) => rest.starts_with("src/"),
            None => self.path.starts_with("xtask/src/") || self.path.starts_with("benches/"),
        };
        is_built && self.is_rust()
    }
}

#[cfg(test)]
impl Tree {
    /// Builds a tree of texts.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            bytes: text.len() as u64,
            text: Some((*text).to_owned()),
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }
}
