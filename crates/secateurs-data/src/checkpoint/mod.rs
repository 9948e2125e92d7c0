//! Models on disk, in any of the supported formats.

mod identity;
mod output_matrix;
mod planned;
mod settings;
mod weights;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value as Json;

use crate::error::{IoContext, malformed};
use crate::gguf::{GgufFile, hf_config};
use crate::json::parse_json;
use crate::safetensors::Shards;
use crate::tensor_list::TensorList;
use crate::{DataError, RawTensor, Result, TensorInfo, read_text};

/// An open model: its configuration, tensors and tokenizer, all in Hugging Face terms.
///
/// Opening reads and checks the headers only; the files are mapped into memory and read tensor by tensor.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    config: Json,
    source: Source,
    tensors: TensorList,
    /// Set once every weight is known to be finite.
    is_finite: OnceLock<()>,
}

#[derive(Debug)]
enum Source {
    HuggingFace(Shards),
    Gguf(Box<GgufFile>),
}

impl Checkpoint {
    /// Opens a Hugging Face folder (`config.json` and safetensors, single or with an index), a `.gguf` file, or a folder
    /// that holds one `.gguf` file.
    ///
    /// # Errors
    ///
    /// [`DataError::NoModel`], [`DataError::Malformed`], [`DataError::Unsupported`] or a system error.
    pub fn open(path: &Path) -> Result<Self> {
        let kind = path.metadata().during("open", path)?;
        if !kind.is_dir() {
            return Self::open_gguf(path);
        }
        if path.join("config.json").exists() {
            return Self::open_folder(path);
        }
        match only_gguf(path)? {
            Some(file) => Self::open_gguf(&file),
            None => Err(DataError::NoModel {
                path: path.to_owned(),
                looked_for: "expected config.json with safetensors files, or exactly one .gguf file".to_owned(),
            }),
        }
    }

    fn open_folder(path: &Path) -> Result<Self> {
        let config_path = path.join("config.json");
        let config = read_json(&config_path)?;
        if !config.is_object() {
            return Err(malformed(&config_path, "JSON", "it is not an object"));
        }
        let shards = Shards::open(path)?;
        let files = shards.files.iter().map(|file| file.tensors());
        let tensors = TensorList::new(files);
        Self::resolved(path, config, Source::HuggingFace(shards), tensors)
    }

    fn open_gguf(path: &Path) -> Result<Self> {
        let file = GgufFile::open(path)?;
        let config = hf_config(file.metadata(), path, file.facts()?)?;
        let tensors = TensorList::new([file.tensors()].into_iter());
        Self::resolved(path, config, Source::Gguf(Box::new(file)), tensors)
    }

    fn resolved(path: &Path, config: Json, source: Source, tensors: TensorList) -> Result<Self> {
        let mut checkpoint = Self {
            path: path.to_owned(),
            config,
            source,
            tensors,
            is_finite: OnceLock::new(),
        };
        if checkpoint.config.get("tie_word_embeddings") == Some(&Json::Bool(true)) {
            let is_tied = checkpoint.resolve_head()?;
            checkpoint.config["tie_word_embeddings"] = is_tied.into();
        }
        Ok(checkpoint)
    }

    /// Path at which the model was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content of `config.json`; for GGUF, its equivalent from the metadata.
    pub fn config(&self) -> &Json {
        &self.config
    }

    /// All tensors, file by file in order of position. An output matrix that is the embedding is not listed beside it.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.tensors.infos()
    }

    /// Facts about tensor `name`.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownTensor`].
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        self.tensors.info(name).ok_or_else(|| self.unknown(name))
    }

    /// All values of tensor `name` in the order of its shape, dequantised.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownTensor`], or [`DataError::Unsupported`] if its encoding holds no floats.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>> {
        let (file, tensor) = self.place(name)?;
        match &self.source {
            Source::HuggingFace(shards) => shards.files[file].read_f32(tensor),
            Source::Gguf(file) => file.read_f32(tensor),
        }
    }

    /// The values at the given indices of the first dimension, one after the other, e.g. the embeddings of some tokens.
    ///
    /// # Errors
    ///
    /// [`DataError::RowOutOfRange`], and the errors of [`read_f32`](Self::read_f32).
    pub fn read_rows_f32(&self, name: &str, rows: &[u32]) -> Result<Vec<f32>> {
        let (file, tensor) = self.place(name)?;
        match &self.source {
            Source::HuggingFace(shards) => shards.files[file].read_rows_f32(tensor, rows),
            Source::Gguf(file) => file.read_rows_f32(tensor, rows),
        }
    }

    /// Tensor `name` in its stored form, without a copy; `None` if it does not exist, or the file is GGUF.
    pub fn stored(&self, name: &str) -> Option<RawTensor> {
        let (file, tensor) = self.tensors.place(name)?;
        match &self.source {
            Source::HuggingFace(shards) => Some(shards.files[file].stored(tensor)),
            Source::Gguf(_) => None,
        }
    }

    /// Name of tensor `name` in the file.
    pub(crate) fn name_in_file(&self, name: &str) -> String {
        match (&self.source, self.tensors.place(name)) {
            (Source::Gguf(file), Some((_, tensor))) => file.name_in_file(tensor).to_owned(),
            (Source::HuggingFace(shards), Some((file, tensor))) => {
                let mut tensors = shards.files[file].tensors();
                tensors
                    .nth(tensor)
                    .map_or_else(|| name.to_owned(), |info| info.name.clone())
            }
            _ => name.to_owned(),
        }
    }

    /// Refuses a tensor without floats.
    pub(crate) fn check_readable(&self, name: &str) -> Result<()> {
        let (file, tensor) = self.place(name)?;
        match &self.source {
            Source::HuggingFace(shards) => shards.files[file].check_readable(tensor),
            Source::Gguf(file) => file.check_readable(tensor),
        }
    }

    fn raw(&self, name: &str) -> Result<&[u8]> {
        let (file, tensor) = self.place(name)?;
        Ok(match &self.source {
            Source::HuggingFace(shards) => shards.files[file].raw(tensor),
            Source::Gguf(file) => file.raw(tensor),
        })
    }

    fn place(&self, name: &str) -> Result<(usize, usize)> {
        self.tensors.place(name).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> DataError {
        DataError::UnknownTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        }
    }
}

/// Reads a JSON file; a name that occurs twice in an object is an error.
fn read_json(path: &Path) -> Result<Json> {
    parse_json(&read_text(path)?).map_err(|e| malformed(path, "JSON", e.to_string()))
}

/// The content of a JSON file, if there is one.
pub(crate) fn find_json(path: &Path) -> Result<Option<Json>> {
    path.is_file().then(|| read_json(path)).transpose()
}

/// The `.gguf` file in `folder`, if there is exactly one.
fn only_gguf(folder: &Path) -> Result<Option<PathBuf>> {
    let mut found = None;
    for entry in std::fs::read_dir(folder).during("list", folder)? {
        let path = entry.during("list", folder)?.path();
        if path
            .extension()
            .and_then(OsStr::to_str)
            .is_some_and(|e| e.eq_ignore_ascii_case("gguf"))
        {
            if found.is_some() {
                return Ok(None);
            }
            found = Some(path);
        }
    }
    Ok(found)
}
