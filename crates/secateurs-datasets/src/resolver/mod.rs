//! Finds the files of a data set.

mod checksum;
#[cfg(feature = "download")]
mod download;
mod python;
mod store;
mod wikitext;

use std::path::{Path, PathBuf};

use secateurs_data::read_text;

use crate::error::IoContext;
use crate::{DataFile, Dataset, DatasetError, Origin, Result};
use checksum::verify;
use python::installed_file;
use store::store;
use wikitext::join_rows;

pub use checksum::sha256_hex;

/// The places that are searched for data, in this order: fixtures, the cache, read-only mirrors, an installed Python
/// package, then (with feature `download`, unless [`offline`](Self::offline)) the place of publication, from which the
/// file is downloaded into the cache. A file with another size or sha256 than the manifest's is passed over.
///
/// In every folder a file is at `<data set>/<path>`.
#[derive(Debug, Clone)]
pub struct Resolver {
    fixtures: Option<PathBuf>,
    cache: PathBuf,
    mirrors: Vec<PathBuf>,
    offline: bool,
}

impl Resolver {
    /// Searches `cache` and then the place of publication.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            fixtures: None,
            cache: cache.into(),
            mirrors: Vec::new(),
            offline: false,
        }
    }

    /// Reads the places from the environment: the cache is `$SECATEURS_CACHE`, or else `secateurs` in the user's cache
    /// folder, or else in the folder for temporary files; the mirrors are listed in `$SECATEURS_DATA` in the form of
    /// `$PATH`.
    pub fn from_env() -> Self {
        let named = std::env::var_os("SECATEURS_CACHE")
            .filter(|cache| !cache.is_empty())
            .map(PathBuf::from);
        let cache = named.unwrap_or_else(|| dirs::cache_dir().unwrap_or_else(std::env::temp_dir).join("secateurs"));
        let mirrors = std::env::var_os("SECATEURS_DATA").unwrap_or_default();
        let mirrors = std::env::split_paths(&mirrors)
            .filter(|mirror| !mirror.as_os_str().is_empty())
            .collect();
        Self {
            mirrors,
            ..Self::new(cache)
        }
    }

    /// Searches `folder` before anything else.
    #[must_use]
    pub fn with_fixtures(mut self, folder: impl Into<PathBuf>) -> Self {
        self.fixtures = Some(folder.into());
        self
    }

    /// Adds a read-only folder, searched after the ones already given.
    #[must_use]
    pub fn with_mirror(mut self, folder: impl Into<PathBuf>) -> Self {
        self.mirrors.push(folder.into());
        self
    }

    /// Forbids downloads.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.offline = true;
        self
    }

    /// The folder that receives downloads.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The path of `file` of `dataset`, with checked content.
    ///
    /// # Errors
    ///
    /// [`DatasetError::UnknownFile`], or [`DatasetError::NotResolved`] with the answer of every source.
    pub fn file(&self, dataset: &Dataset, file: &str) -> Result<PathBuf> {
        let file = dataset.file(file)?;
        let mut tried = Vec::new();
        for (source, folder) in self.folders() {
            let path = folder.join(dataset.name.as_str()).join(file.path.as_str());
            match accept(path, file) {
                Ok(path) => return Ok(path),
                Err(problem) => tried.push(format!("{source}: {problem}")),
            }
        }
        match self.make_or_fetch(dataset, file) {
            Ok(path) => Ok(path),
            Err(mut problems) => {
                tried.append(&mut problems);
                let (dataset, file) = (dataset.name.as_str().to_owned(), file.path.as_str().to_owned());
                Err(DatasetError::NotResolved { dataset, file, tried })
            }
        }
    }

    /// The paths of all files of `dataset`, in the order of the manifest.
    ///
    /// # Errors
    ///
    /// Those of [`file`](Self::file), for the first file that has one.
    pub fn files(&self, dataset: &Dataset) -> Result<Vec<PathBuf>> {
        dataset
            .files
            .iter()
            .map(|file| self.file(dataset, file.path.as_str()))
            .collect()
    }

    fn folders(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let fixtures = self.fixtures.iter().map(|folder| ("fixtures", folder.as_path()));
        let mirrors = self.mirrors.iter().map(|folder| ("mirror", folder.as_path()));
        fixtures.chain([("cache", self.cache.as_path())]).chain(mirrors)
    }

    /// Makes or downloads a file that no folder has.
    fn make_or_fetch(&self, dataset: &Dataset, file: &DataFile) -> Result<PathBuf, Vec<String>> {
        let mut tried = Vec::new();
        match &file.origin {
            Origin::WikitextJoin { raw, rows } => {
                return self
                    .join_wikitext(dataset, file, raw, rows)
                    .map_err(|e| vec![format!("derived: {e}")]);
            }
            Origin::Prepared { from, how } => {
                return Err(vec![format!(
                    "it cannot be downloaded: it was made from {from} ({how})"
                )]);
            }
            Origin::PyPi { package, member, .. } => {
                match installed_file(package, member).and_then(|path| accept(path, file)) {
                    Ok(path) => return Ok(path),
                    Err(problem) => tried.push(format!("installed package {package}: {problem}")),
                }
            }
            Origin::HuggingFace { .. } | Origin::GitHub { .. } | Origin::Url { .. } => {}
        }
        match self.download(dataset, file) {
            Ok(path) => Ok(path),
            Err(problem) => {
                tried.push(format!("download: {problem}"));
                Err(tried)
            }
        }
    }

    fn join_wikitext(&self, dataset: &Dataset, file: &DataFile, raw: &str, rows: &str) -> Result<PathBuf> {
        let raw_path = self.file(dataset, raw)?;
        let raw = read_text(&raw_path)?;
        let rows = read_text(&self.file(dataset, rows)?)?;
        let text = join_rows(&raw, &rows)
            .ok_or_else(|| DatasetError::malformed(&raw_path, "the rows of the row file", "other rows"))?;
        store(&self.cache, dataset, file, |path| {
            std::fs::write(path, text).during("write", path)
        })
    }

    #[cfg(feature = "download")]
    fn download(&self, dataset: &Dataset, file: &DataFile) -> Result<PathBuf, String> {
        if self.offline {
            return Err("offline".to_owned());
        }
        store(&self.cache, dataset, file, |path| download::fetch(file, path)).map_err(|e| e.to_string())
    }

    #[cfg(not(feature = "download"))]
    fn download(&self, _dataset: &Dataset, _file: &DataFile) -> Result<PathBuf, String> {
        Err(if self.offline {
            "offline"
        } else {
            "built without the feature `download`"
        }
        .to_owned())
    }
}

/// Accepts `path` if it has the content that `file` names, or else says why not.
fn accept(path: PathBuf, file: &DataFile) -> Result<PathBuf, String> {
    if !path.is_file() {
        return Err(format!("no {}", path.display()));
    }
    match verify(&path, file) {
        Ok(()) => Ok(path),
        Err(error) => {
            tracing::warn!(%error, "a data file with the wrong content is ignored");
            Err(error.to_string())
        }
    }
}
