//! A model on disk, whatever its format.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::error::{IoContext, malformed};
use crate::gguf::{GgufFile, hf_config, hf_tokenizer_config};
use crate::manifest::hex;
use crate::safetensors::Shards;
use crate::{DataError, RawTensor, Result, TensorInfo, Tokenizer, chat_template, read_text};

/// Bytes at the start of each tensor that go into a fingerprint.
const FINGERPRINT_BYTES: usize = 4096;

const TOKENIZER_FILE: &str = "tokenizer.json";

/// Files of a Hugging Face folder, besides config and weights, that a pruned copy needs as well.
const SIDE_FILES: [&str; 10] = [
    TOKENIZER_FILE,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
    "chat_template.jinja",
    "chat_template.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
];

/// An open model: its configuration, tensors and tokenizer, all in Hugging Face terms.
///
/// Opening reads and checks the headers only; the files are mapped into memory and read tensor by tensor.
#[derive(Debug)]
pub struct Checkpoint {
    path: PathBuf,
    config: Json,
    source: Source,
    /// By tensor name: file, and tensor in that file.
    places: BTreeMap<String, (usize, usize)>,
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
        let config: Json = serde_json::from_str(&read_text(&config_path)?)
            .map_err(|e| malformed(&config_path, "JSON", e.to_string()))?;
        if !config.is_object() {
            return Err(malformed(&config_path, "JSON", "it is not an object"));
        }
        let shards = Shards::open(path)?;
        let places = shards.places.clone();
        Ok(Self {
            path: path.to_owned(),
            config,
            source: Source::HuggingFace(shards),
            places,
        })
    }

    fn open_gguf(path: &Path) -> Result<Self> {
        let file = GgufFile::open(path)?;
        let config = hf_config(file.metadata(), path, file.facts()?)?;
        let places = file
            .tensors()
            .enumerate()
            .map(|(i, info)| (info.name.clone(), (0, i)))
            .collect();
        Ok(Self {
            path: path.to_owned(),
            config,
            source: Source::Gguf(Box::new(file)),
            places,
        })
    }

    /// Where the model was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content of `config.json`; for GGUF, what the metadata stands for.
    pub fn config(&self) -> &Json {
        &self.config
    }

    /// All tensors, file by file in order of position.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        let (shards, gguf) = match &self.source {
            Source::HuggingFace(shards) => (shards.files.as_slice(), None),
            Source::Gguf(file) => (Default::default(), Some(file)),
        };
        let listed = shards.iter().flat_map(|file| file.tensors());
        listed
            .filter(|info| self.places.contains_key(&info.name))
            .chain(gguf.into_iter().flat_map(|file| file.tensors()))
    }

    /// What is known of tensor `name`.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownTensor`].
    pub fn tensor(&self, name: &str) -> Result<&TensorInfo> {
        let (file, tensor) = self.place(name)?;
        let info = match &self.source {
            Source::HuggingFace(shards) => shards.files[file].tensors().nth(tensor),
            Source::Gguf(file) => file.tensors().nth(tensor),
        };
        Ok(info.expect("places come from the same lists"))
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
    /// [`DataError::RowOutOfRange`], and those of [`read_f32`](Self::read_f32).
    pub fn read_rows_f32(&self, name: &str, rows: &[u32]) -> Result<Vec<f32>> {
        let (file, tensor) = self.place(name)?;
        match &self.source {
            Source::HuggingFace(shards) => shards.files[file].read_rows_f32(tensor, rows),
            Source::Gguf(file) => file.read_rows_f32(tensor, rows),
        }
    }

    /// Tensor `name` as it is stored, without a copy; `None` if there is none, or the file is GGUF.
    pub fn stored(&self, name: &str) -> Option<RawTensor> {
        let (file, tensor) = self.places.get(name).copied()?;
        match &self.source {
            Source::HuggingFace(shards) => Some(shards.files[file].stored(tensor)),
            Source::Gguf(_) => None,
        }
    }

    /// The model's tokenizer: from `tokenizer.json`, or built from GGUF metadata.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`], [`DataError::Unsupported`] or a system error.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        match &self.source {
            Source::HuggingFace(_) => Tokenizer::from_file(&self.path.join(TOKENIZER_FILE)),
            Source::Gguf(file) => Tokenizer::from_gguf(file.metadata(), &self.path),
        }
    }

    /// What `tokenizer_config.json` says; for GGUF, what the metadata stands for. An empty object if there is nothing.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`] or a system error.
    pub fn tokenizer_config(&self) -> Result<Json> {
        match &self.source {
            Source::HuggingFace(_) => Ok(self.side_json("tokenizer_config.json")?.unwrap_or_else(|| json!({}))),
            Source::Gguf(file) => Ok(hf_tokenizer_config(file.metadata())),
        }
    }

    /// The Jinja template that turns messages into a prompt, if the model has one: of several, the one named `default`.
    ///
    /// As in transformers 5, `chat_template.jinja` and the files of `additional_chat_templates` go before the entry of
    /// `tokenizer_config.json`; `chat_template.json`, which it reads for processors, comes last.
    ///
    /// # Errors
    ///
    /// [`DataError::ChatTemplate`] if none of several is named `default` or an entry is no template, [`DataError::Malformed`] or a
    /// system error.
    pub fn chat_template(&self) -> Result<Option<String>> {
        match &self.source {
            Source::HuggingFace(_) => chat_template::of_folder(&self.path),
            Source::Gguf(file) => chat_template::of_config(&hf_tokenizer_config(file.metadata()), &self.path),
        }
    }

    /// The special tokens that a chat template may name, such as `bos_token`: those of `tokenizer_config.json`, or of
    /// `special_tokens_map.json` beside a configuration that lists no `added_tokens_decoder`, as in transformers 5.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`] or a system error.
    pub fn special_tokens(&self) -> Result<Json> {
        let mut tokens = self.tokenizer_config()?;
        if matches!(self.source, Source::HuggingFace(_))
            && tokens.get("added_tokens_decoder").is_none()
            && let (Some(tokens), Some(Json::Object(mapped))) =
                (tokens.as_object_mut(), self.side_json("special_tokens_map.json")?)
        {
            tokens.extend(mapped);
        }
        if let Some(tokens) = tokens.as_object_mut() {
            tokens.retain(|name, token| name.ends_with("_token") && (token.is_string() || token.is_object()));
        }
        Ok(tokens)
    }

    /// The tokens that end a text: `eos_token_id` of the generation settings, or else of the configuration.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`] or a system error.
    pub fn end_tokens(&self) -> Result<Vec<u32>> {
        let settings = match &self.source {
            Source::HuggingFace(_) => self.side_json("generation_config.json")?,
            Source::Gguf(_) => None,
        };
        let settings = settings.as_ref().and_then(|settings| settings.get("eos_token_id"));
        let ids = settings.or_else(|| self.config.get("eos_token_id"));
        let id = |value: &Json| value.as_u64().and_then(|id| u32::try_from(id).ok());
        Ok(match ids {
            Some(Json::Array(ids)) => ids.iter().filter_map(id).collect(),
            Some(value) => id(value).into_iter().collect(),
            None => Vec::new(),
        })
    }

    fn side_json(&self, name: &str) -> Result<Option<Json>> {
        read_json(&self.path.join(name))
    }

    /// Format and encoding in words, e.g. `GGUF Q4_1 (dequantised)`.
    pub fn description(&self) -> String {
        match &self.source {
            Source::HuggingFace(shards) => {
                let mut bytes = BTreeMap::<&str, u64>::new();
                for info in shards.files.iter().flat_map(|file| file.tensors()) {
                    *bytes.entry(&info.encoding).or_default() += info.bytes;
                }
                let main = bytes
                    .into_iter()
                    .max_by_key(|&(_, bytes)| bytes)
                    .map_or("F32", |(name, _)| name);
                format!("Hugging Face safetensors {main}")
            }
            Source::Gguf(file) if file.has_quantised() => format!("GGUF {} (dequantised)", file.main_encoding()),
            Source::Gguf(file) => format!("GGUF {}", file.main_encoding()),
        }
    }

    /// A sha256 over the configuration, file sizes, headers and the first 4 KiB of each tensor, to recognise the same
    /// model again. Cheap, and therefore no proof that every weight is the same.
    ///
    /// # Errors
    ///
    /// None at present; files that cannot be mapped may add some.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hash = Sha256::new();
        let mut add = |prefix: &[u8], length: usize| {
            hash.update((prefix.len() as u64).to_le_bytes());
            hash.update(prefix);
            hash.update((length as u64).to_le_bytes());
        };
        add(self.config.to_string().as_bytes(), 0);
        match &self.source {
            Source::HuggingFace(shards) => {
                for file in &shards.files {
                    add(file.prefix(), file.len());
                    for tensor in 0..file.tensors().count() {
                        add(head(file.raw(tensor)), 0);
                        file.release();
                    }
                }
            }
            Source::Gguf(file) => {
                add(file.prefix(), file.len());
                for tensor in 0..file.tensors().count() {
                    add(head(file.raw(tensor)), 0);
                    file.release();
                }
            }
        }
        Ok(hex(&hash.finalize()))
    }

    /// Name and content of the files, besides config and weights, that a copy of this model needs.
    pub(crate) fn side_files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        match &self.source {
            Source::HuggingFace(_) => {
                let found = SIDE_FILES
                    .iter()
                    .map(|name| (name, self.path.join(name)))
                    .filter(|(_, path)| path.is_file());
                found
                    .map(|(name, path)| Ok(((*name).to_owned(), std::fs::read(&path).during("read", &path)?)))
                    .collect()
            }
            Source::Gguf(file) => {
                let config = serde_json::to_vec_pretty(&hf_tokenizer_config(file.metadata()));
                Ok(vec![
                    (TOKENIZER_FILE.to_owned(), self.tokenizer()?.to_json()?.into_bytes()),
                    (
                        "tokenizer_config.json".to_owned(),
                        config.expect("a JSON value serialises"),
                    ),
                ])
            }
        }
    }

    fn place(&self, name: &str) -> Result<(usize, usize)> {
        self.places.get(name).copied().ok_or_else(|| DataError::UnknownTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        })
    }
}

/// The content of a JSON file, if there is one.
pub(crate) fn read_json(path: &Path) -> Result<Option<Json>> {
    if !path.is_file() {
        return Ok(None);
    }
    let parsed = serde_json::from_str(&read_text(path)?);
    parsed.map(Some).map_err(|e| malformed(path, "JSON", e.to_string()))
}

fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(FINGERPRINT_BYTES)]
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
