//! Positions of files in a data set.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

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
