//! Tokenizer, templates and settings of a model, besides its weights.

use serde_json::{Value as Json, json};

use super::{Checkpoint, Source, find_json};
use crate::error::{IoContext, malformed, unsupported};
use crate::gguf::hf_tokenizer_config;
use crate::llama::token_ids;
use crate::{Result, Tokenizer, chat_template};

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

/// Fields that hold tokens with their own names, in the spellings of transformers 4 and 5.
const NAMED_TOKENS: [&str; 2] = ["model_specific_special_tokens", "extra_special_tokens"];

impl Checkpoint {
    /// The model's tokenizer: from `tokenizer.json`, or built from GGUF metadata. A `tokenizer_config.json` that would have texts cut
    /// in another way is refused.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`](crate::DataError::Tokenizer), [`DataError::Unsupported`](crate::DataError::Unsupported) or a system error.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        match &self.source {
            Source::HuggingFace(_) => {
                let tokenizer = Tokenizer::from_file(&self.path.join(TOKENIZER_FILE))?;
                // A configuration that cannot be read is an error where something in it is needed.
                if let Ok(config) = self.tokenizer_config() {
                    tokenizer.check_settings(&config)?;
                }
                Ok(tokenizer)
            }
            Source::Gguf(file) => Tokenizer::from_gguf(file.metadata(), &self.path),
        }
    }

    /// The content of `tokenizer_config.json`; for GGUF, its equivalent from the metadata. An empty object if there is
    /// nothing.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`](crate::DataError::Malformed) or a system error.
    pub fn tokenizer_config(&self) -> Result<Json> {
        match &self.source {
            Source::HuggingFace(_) => Ok(self.side_json("tokenizer_config.json")?.unwrap_or_else(|| json!({}))),
            Source::Gguf(file) => Ok(hf_tokenizer_config(file.metadata())),
        }
    }

    /// The Jinja template that turns messages into a prompt, if the model has one; among several the one named
    /// `default`.
    ///
    /// As in transformers 5, `chat_template.jinja` and the files of `additional_chat_templates` go before the entry of
    /// `tokenizer_config.json`; `chat_template.json`, which it reads for processors, comes last.
    ///
    /// # Errors
    ///
    /// [`DataError::ChatTemplate`](crate::DataError::ChatTemplate) if none of several is named `default` or an entry is no template,
    /// [`DataError::Malformed`](crate::DataError::Malformed) or a system error.
    pub fn chat_template(&self) -> Result<Option<String>> {
        match &self.source {
            Source::HuggingFace(_) => chat_template::of_folder(&self.path),
            Source::Gguf(file) => chat_template::of_config(&hf_tokenizer_config(file.metadata()), &self.path),
        }
    }

    /// The special tokens that a chat template may name, such as `bos_token`: from `tokenizer_config.json`, or from
    /// `special_tokens_map.json` beside a configuration that lists no `added_tokens_decoder`, as in transformers 5.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`](crate::DataError::Malformed) or a system error.
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
            for field in NAMED_TOKENS {
                if let Some(Json::Object(named)) = tokens.remove(field) {
                    tokens.extend(named.into_iter().filter(|(name, _)| name.ends_with("_token")));
                }
            }
            tokens.retain(|name, token| name.ends_with("_token") && (token.is_string() || token.is_object()));
        }
        Ok(tokens)
    }

    /// The tokens that end a text: `eos_token_id` of the generation settings, or else of the configuration. A GGUF file may name
    /// several: the end of a text, of a turn, of a message.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`](crate::DataError::Malformed) if there is something else than ids of the vocabulary, or a system error.
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

    /// Checks that a copy of this model can have its tokenizer and settings, which is better known before the work of a
    /// copy.
    ///
    /// # Errors
    ///
    /// [`DataError::Tokenizer`](crate::DataError::Tokenizer) or [`DataError::Unsupported`](crate::DataError::Unsupported) if a tokenizer cannot be written as `tokenizer.json`, or a
    /// system error.
    pub fn check_copyable(&self) -> Result<()> {
        self.side_files().map(drop)
    }

    /// Refuses a folder with an adapter beside the weights, which transformers would add to them.
    pub fn check_no_adapter(&self) -> Result<()> {
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
}

/// The settings of generation that correspond to the configuration from a GGUF file.
fn generation_config(config: &Json) -> Json {
    let mut settings = json!({});
    for field in ["bos_token_id", "eos_token_id", "pad_token_id"] {
        if let Some(id) = config.get(field) {
            settings[field] = id.clone();
        }
    }
    settings
}
