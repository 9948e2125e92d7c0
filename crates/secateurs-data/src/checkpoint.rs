//! A model on disk, whatever its format.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::error::{IoContext, malformed, unsupported};
use crate::gguf::{GgufFile, hf_config, hf_tokenizer_config};
use crate::json::parse_json;
use crate::llama::token_ids;
use crate::manifest::hex;
use crate::safetensors::Shards;
use crate::tensor_list::TensorList;
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

    /// Where the model was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content of `config.json`; for GGUF, what the metadata stands for.
    pub fn config(&self) -> &Json {
        &self.config
    }

    /// All tensors, file by file in order of position. An output matrix that is the embedding is not listed beside it.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.tensors.infos()
    }

    /// What is known of tensor `name`.
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
        let (file, tensor) = self.tensors.place(name)?;
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

    /// The tokens that end a text: `eos_token_id` of the generation settings, or else of the configuration. A GGUF file may name
    /// several: the end of a text, of a turn, of a message.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`] if there is something else than ids of the vocabulary, or a system error.
    pub fn end_tokens(&self) -> Result<Vec<u32>> {
        const SETTINGS: &str = "generation_config.json";
        let settings = match &self.source {
            Source::HuggingFace(_) => self.side_json(SETTINGS)?,
            Source::Gguf(_) => None,
        };
        let settings = settings.as_ref().and_then(|settings| settings.get("eos_token_id"));
        let (file, ids) = match settings.filter(|ids| !ids.is_null()) {
            Some(ids) => (SETTINGS, ids),
            None => ("config.json", self.config.get("eos_token_id").unwrap_or(&Json::Null)),
        };
        let vocab_size = self.config.get("vocab_size").and_then(Json::as_u64);
        token_ids(ids, vocab_size.map(|size| size as usize)).ok_or_else(|| {
            let problem = format!("eos_token_id is {ids}, expected ids of tokens below vocab_size");
            malformed(&self.path.join(file), "JSON", problem)
        })
    }

    fn side_json(&self, name: &str) -> Result<Option<Json>> {
        find_json(&self.path.join(name))
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
                let text = |json: &Json| serde_json::to_vec_pretty(json).expect("a JSON value serialises");
                Ok(vec![
                    (TOKENIZER_FILE.to_owned(), self.tokenizer()?.to_json()?.into_bytes()),
                    (
                        "tokenizer_config.json".to_owned(),
                        text(&hf_tokenizer_config(file.metadata())),
                    ),
                    (
                        "generation_config.json".to_owned(),
                        text(&generation_config(&self.config)),
                    ),
                ])
            }
        }
    }

    /// Whether a copy of this model can have its tokenizer and settings, which is better known before the work of a copy.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`] or [`DataError::Unsupported`] if a tokenizer cannot be written as `tokenizer.json`, or a
    /// system error.
    pub fn check_copyable(&self) -> Result<()> {
        self.side_files().map(drop)
    }

    /// What the file calls tensor `name`.
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

    /// Refuses a tensor that holds no floats.
    pub(crate) fn check_readable(&self, name: &str) -> Result<()> {
        let (file, tensor) = self.place(name)?;
        match &self.source {
            Source::HuggingFace(shards) => shards.files[file].check_readable(tensor),
            Source::Gguf(file) => file.check_readable(tensor),
        }
    }

    /// Refuses a folder with an adapter beside the weights, which transformers would add to them.
    pub(crate) fn check_no_adapter(&self) -> Result<()> {
        const ADAPTER: &str = "adapter_config.json";
        let is_folder = matches!(self.source, Source::HuggingFace(_));
        if is_folder && self.path.join(ADAPTER).is_file() {
            return Err(unsupported(
                &self.path,
                format!("an adapter beside the weights ({ADAPTER})"),
            ));
        }
        Ok(())
    }

    /// Refuses NaN and infinity in every tensor of floats, whatever it is for. Reads all of them, once.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFinite`], naming the first such weight.
    pub fn check_finite(&self) -> Result<()> {
        if self.is_finite.get().is_some() {
            return Ok(());
        }
        for info in self.tensors.infos() {
            let (file, tensor) = self.place(&info.name)?;
            let is_finite = match &self.source {
                Source::HuggingFace(shards) => shards.files[file].is_finite(tensor),
                Source::Gguf(file) => file.is_finite(tensor),
            };
            if !is_finite {
                return Err(self.not_finite(&info.name));
            }
        }
        // Another thread may have found the same.
        let _ = self.is_finite.set(());
        Ok(())
    }

    fn not_finite(&self, name: &str) -> DataError {
        let values = match self.read_f32(name) {
            Ok(values) => values,
            Err(error) => return error,
        };
        let index = values.iter().position(|value| !value.is_finite()).unwrap_or(0);
        DataError::NotFinite {
            path: self.path.clone(),
            name: self.name_in_file(name),
            index,
            value: values.get(index).copied().unwrap_or(f32::NAN),
        }
    }

    /// Finds the matrices of a model whose output matrix is to be its embedding, as transformers does: if the file has both
    /// and they differ, they stay two; if it has one, under either name, it is the embedding. Tells whether they are one.
    fn resolve_head(&mut self) -> Result<bool> {
        let has = |name: &str| self.tensors.place(name).is_some();
        match (has(EMBEDDING), has(HEAD)) {
            (true, true) if self.same_values(EMBEDDING, HEAD)? => {
                self.tensors.remove(HEAD);
                Ok(true)
            }
            (true, true) => Ok(false),
            (false, true) => {
                self.tensors.rename(HEAD, EMBEDDING);
                Ok(true)
            }
            (_, false) => Ok(true),
        }
    }

    /// Whether two tensors have equal shapes and values, in whatever encodings.
    fn same_values(&self, first: &str, second: &str) -> Result<bool> {
        const ROWS: usize = 1024;
        let (a, b) = (self.tensor(first)?, self.tensor(second)?);
        if a.shape != b.shape
            || a.shape.len() != 2
            || self.check_readable(first).and(self.check_readable(second)).is_err()
        {
            return Ok(false);
        }
        if a.encoding == b.encoding && self.raw(first)? == self.raw(second)? {
            return Ok(true);
        }
        let rows: Vec<u32> = (0..u32::try_from(a.rows()).unwrap_or(0)).collect();
        for rows in rows.chunks(ROWS) {
            if self.read_rows_f32(first, rows)? != self.read_rows_f32(second, rows)? {
                return Ok(false);
            }
        }
        Ok(!rows.is_empty())
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

/// The embedding matrix, and the output matrix where it is another one.
const EMBEDDING: &str = "model.embed_tokens.weight";
const HEAD: &str = "lm_head.weight";

/// A JSON file, whose objects have every name once.
fn read_json(path: &Path) -> Result<Json> {
    parse_json(&read_text(path)?).map_err(|e| malformed(path, "JSON", e.to_string()))
}

/// The settings of generation that the configuration made of a GGUF file implies.
fn generation_config(config: &Json) -> Json {
    let mut settings = json!({});
    for field in ["bos_token_id", "eos_token_id", "pad_token_id"] {
        if let Some(id) = config.get(field) {
            settings[field] = id.clone();
        }
    }
    settings
}

/// The content of a JSON file, if there is one.
pub(crate) fn find_json(path: &Path) -> Result<Option<Json>> {
    path.is_file().then(|| read_json(path)).transpose()
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
