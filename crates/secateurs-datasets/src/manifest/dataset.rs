//! A data set and its files.

use serde::{Deserialize, Serialize};

use super::{FilePath, Origin, Sha256Hex};
use crate::{DatasetError, Result};

/// A data set or model: files that belong together under one licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Name, and folder in every cache and mirror.
    pub name: FilePath,
    /// Description in one sentence.
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
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Checksum of the content, in lower-case hexadecimal.
    pub sha256: Sha256Hex,
    /// Place of publication.
    pub origin: Origin,
}

impl Dataset {
    /// The file at that position.
    ///
    /// # Errors
    ///
    /// [`DatasetError::UnknownFile`].
    pub fn file(&self, path: &str) -> Result<&DataFile> {
        self.files
            .iter()
            .find(|file| file.path.as_str() == path)
            .ok_or_else(|| DatasetError::UnknownFile {
                dataset: self.name.as_str().to_owned(),
                file: path.to_owned(),
                known: self.files.iter().map(|file| file.path.as_str().to_owned()).collect(),
            })
    }
}
