//! Data sets and models by name, with their files and places of publication.

mod dataset;
mod file_path;
mod origin;
mod sha256;

use std::path::Path;

use secateurs_data::DataError;
use serde::{Deserialize, Serialize};

use crate::{DatasetError, Result};

pub use dataset::{DataFile, Dataset};
pub use file_path::FilePath;
pub use origin::Origin;
pub use sha256::Sha256Hex;

/// A list of data sets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Manifest {
    datasets: Vec<Dataset>,
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
    /// [`DataError::Malformed`] in [`DatasetError::Data`], naming the line.
    pub fn from_json(json: &str, path: &Path) -> Result<Self> {
        let parsed = serde_json::from_str(json).map_err(|e| DataError::Malformed {
            path: path.to_owned(),
            format: "manifest",
            problem: e.to_string(),
        });
        Ok(parsed?)
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
    /// [`DatasetError::UnknownDataset`].
    pub fn dataset(&self, name: &str) -> Result<&Dataset> {
        self.datasets
            .iter()
            .find(|dataset| dataset.name.as_str() == name)
            .ok_or_else(|| DatasetError::UnknownDataset {
                name: name.to_owned(),
                known: self
                    .datasets
                    .iter()
                    .map(|dataset| dataset.name.as_str().to_owned())
                    .collect(),
            })
    }
}
