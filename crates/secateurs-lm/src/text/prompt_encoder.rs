//! Encodes prompts to tokens.

use std::path::PathBuf;

use secateurs_data::{Checkpoint, Tokenizer};
use secateurs_runtime::{ChatTemplate, Message, RuntimeError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::error::TextError;

/// A style in which a prompt is put to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PromptStyle {
    /// The text alone, after the tokenizer's start token, if there is one.
    Raw,
    /// The text alone, without a start token.
    RawWithoutStart,
    /// The text as the message of a user, in the chat template of the model.
    Chat {
        /// System message, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        system: Option<String>,
    },
}

/// The tokenizer and the chat template of a model.
#[derive(Debug)]
pub struct PromptEncoder {
    tokenizer: Tokenizer,
    start_tokens: Vec<u32>,
    template: Template,
}

/// A chat template that is parsed only when it is used: raw prompts need none, and one that cannot be parsed is no
/// reason to refuse them.
#[derive(Debug)]
enum Template {
    None,
    Text {
        template: String,
        special_tokens: Value,
    },
    /// A template that cannot be read, with the reason.
    Unreadable {
        model: PathBuf,
    },
}

impl Template {
    fn load(checkpoint: &Checkpoint) -> Self {
        match checkpoint.chat_template() {
            Ok(None) => Self::None,
            Ok(Some(template)) => match checkpoint.special_tokens() {
                Ok(special_tokens) => Self::Text {
                    template,
                    special_tokens,
                },
                Err(_) => Self::unreadable(checkpoint),
            },
            Err(_) => Self::unreadable(checkpoint),
        }
    }

    fn unreadable(checkpoint: &Checkpoint) -> Self {
        Self::Unreadable {
            model: checkpoint.path().to_owned(),
        }
    }

    fn parse(&self) -> Result<ChatTemplate, TextError> {
        match self {
            Self::None => Err(RuntimeError::NoChatTemplate.into()),
            Self::Text {
                template,
                special_tokens,
            } => Ok(ChatTemplate::new(template, special_tokens)?),
            Self::Unreadable { model } => {
                let checkpoint = Checkpoint::open(model)?;
                let template = checkpoint.chat_template()?.ok_or(RuntimeError::NoChatTemplate)?;
                Ok(ChatTemplate::new(&template, &checkpoint.special_tokens()?)?)
            }
        }
    }
}

impl PromptEncoder {
    /// Loads the tokenizer and finds the template; no weights are read.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot be used. A template that cannot is an error of [`encode_chat`](Self::encode_chat).
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, TextError> {
        let tokenizer = checkpoint.tokenizer()?;
        Ok(Self {
            start_tokens: tokenizer.start_tokens()?,
            template: Template::load(checkpoint),
            tokenizer,
        })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Whether the model was trained to answer messages.
    pub fn has_template(&self) -> bool {
        !matches!(self.template, Template::None)
    }

    /// The nearest style that this model supports: without a chat template a message stays as it is.
    pub fn resolve(&self, style: PromptStyle) -> PromptStyle {
        match style {
            PromptStyle::Chat { system: None } if !self.has_template() => PromptStyle::Raw,
            other => other,
        }
    }

    /// The tokens of a prompt.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot represent it, it is empty, or the chat template is missing or refuses the message.
    pub fn encode(&self, prompt: &str, style: &PromptStyle) -> Result<Vec<u32>, TextError> {
        let message = |role: &str, content: &str| Message {
            role: role.to_owned(),
            content: content.to_owned(),
        };
        match self.resolve(style.clone()) {
            PromptStyle::Raw => self.encode_raw(prompt),
            PromptStyle::RawWithoutStart => self.encode_text(prompt),
            PromptStyle::Chat { system } => {
                let system = system.map(|content| message("system", &content));
                let messages: Vec<Message> = system.into_iter().chain([message("user", prompt)]).collect();
                self.encode_chat(&messages)
            }
        }
    }

    /// The tokens of a text to be continued: the start token by the tokenizer's own rule, unless the text begins with
    /// it, and never an end token.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot represent it, or there are no tokens.
    pub fn encode_raw(&self, text: &str) -> Result<Vec<u32>, TextError> {
        let tokens = self.tokenizer.encode(text)?;
        let tokens = match tokens.starts_with(&self.start_tokens) {
            true => tokens,
            false => [self.start_tokens.as_slice(), &tokens].concat(),
        };
        if tokens.is_empty() {
            return Err(RuntimeError::EmptyPrompt.into());
        }
        Ok(tokens)
    }

    /// The tokens of a plain text, without additional tokens.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot represent it, or it is empty.
    pub fn encode_text(&self, text: &str) -> Result<Vec<u32>, TextError> {
        let tokens = self.tokenizer.encode(text)?;
        if tokens.is_empty() {
            return Err(RuntimeError::EmptyPrompt.into());
        }
        Ok(tokens)
    }

    /// The tokens of a message, after which the model answers; the template adds start tokens itself.
    ///
    /// # Errors
    ///
    /// If the model has no chat template, it cannot be used, or it refuses the messages.
    pub fn encode_chat(&self, messages: &[Message]) -> Result<Vec<u32>, TextError> {
        self.encode_text(&self.template.parse()?.prompt(messages)?)
    }
}
