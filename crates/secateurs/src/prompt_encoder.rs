//! From prompts to tokens.

use secateurs_data::{Checkpoint, Tokenizer};
use secateurs_runtime::{ChatTemplate, Message, RuntimeError};
use serde::{Deserialize, Serialize};

use crate::Error;

/// How a prompt is put to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PromptStyle {
    /// As it is.
    Raw,
    /// As the message of a user, by the chat template of the model.
    Chat {
        /// What the model is told before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        system: Option<String>,
    },
}

/// The tokenizer and the chat template of a model.
#[derive(Debug)]
pub struct PromptEncoder {
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
}

impl PromptEncoder {
    /// Loads both; no weights are read.
    ///
    /// # Errors
    ///
    /// If either cannot be used.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        let tokenizer = checkpoint.tokenizer()?;
        let template = match checkpoint.chat_template()? {
            Some(template) => Some(ChatTemplate::new(&template, &checkpoint.tokenizer_config()?)?),
            None => None,
        };
        Ok(Self { tokenizer, template })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Whether the model was trained to answer messages.
    pub fn has_template(&self) -> bool {
        self.template.is_some()
    }

    /// The style that this model can do: a plain message to a model without chat template stays as it is.
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
    pub fn encode(&self, prompt: &str, style: &PromptStyle) -> Result<Vec<u32>, Error> {
        let message = |role: &str, content: &str| Message {
            role: role.to_owned(),
            content: content.to_owned(),
        };
        match self.resolve(style.clone()) {
            PromptStyle::Raw => self.encode_text(prompt),
            PromptStyle::Chat { system } => {
                let system = system.map(|content| message("system", &content));
                let messages: Vec<Message> = system.into_iter().chain([message("user", prompt)]).collect();
                self.encode_chat(&messages)
            }
        }
    }

    /// The tokens of a plain text.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot represent it, or it is empty.
    pub fn encode_text(&self, text: &str) -> Result<Vec<u32>, Error> {
        let tokens = self.tokenizer.encode(text)?;
        if tokens.is_empty() {
            return Err(RuntimeError::EmptyPrompt.into());
        }
        Ok(tokens)
    }

    /// The tokens after which the model answers.
    ///
    /// # Errors
    ///
    /// If the model has no chat template, or it refuses the messages.
    pub fn encode_chat(&self, messages: &[Message]) -> Result<Vec<u32>, Error> {
        let template = self.template.as_ref().ok_or(RuntimeError::NoChatTemplate)?;
        self.encode_text(&template.prompt(messages)?)
    }
}
