//! Places of publication of files.

use serde::{Deserialize, Serialize};

use super::FilePath;

/// The place where a file was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// A repository on the Hugging Face hub.
    HuggingFace {
        /// Name of the repository, `owner/name`.
        repository: String,
        /// Branch, tag or commit.
        revision: String,
        /// File in the repository.
        path: String,
    },
    /// A repository on GitHub.
    #[serde(rename = "github")]
    GitHub {
        /// Name of the repository, `owner/name`.
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
        /// Version of the package.
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
    /// A file that was made from published ones, and that nothing here makes or fetches: it must be in a mirror.
    Prepared {
        /// The published files.
        from: String,
        /// The way in which the file is made from them.
        how: String,
    },
}
