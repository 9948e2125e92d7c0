//! Messages as the prompt that a model was trained on.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Error, ErrorKind, context};
use serde_json::{Value, json};

use crate::error::RuntimeError;

/// A model's chat template: a Jinja template as Hugging Face folders hold them.
#[derive(Debug)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    special_tokens: Value,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What it says.
    pub content: String,
}

const NAME: &str = "chat";

impl ChatTemplate {
    /// Reads a template; `tokenizer_config` gives `bos_token` and the like.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ChatTemplate`] if it is not valid Jinja.
    pub fn new(template: &str, tokenizer_config: &Value) -> Result<Self, RuntimeError> {
        let mut environment = Environment::new();
        environment.set_syntax(
            SyntaxConfig::builder()
                .trim_blocks(true)
                .lstrip_blocks(true)
                .build()
                .expect("white space only"),
        );
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        let added = environment.add_template_owned(NAME, template.to_owned());
        added.map_err(RuntimeError::ChatTemplate)?;
        let names = ["bos_token", "eos_token", "unk_token", "pad_token"];
        let tokens = names.into_iter().filter_map(|name| {
            let token = tokenizer_config.get(name)?;
            // A plain string, or an object with a `content`.
            Some((name.to_owned(), token.get("content").unwrap_or(token).clone()))
        });
        Ok(Self {
            environment,
            special_tokens: Value::Object(tokens.collect()),
        })
    }

    /// The prompt after which the model answers.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ChatTemplate`] if the template refuses the messages.
    pub fn prompt(&self, messages: &[Message]) -> Result<String, RuntimeError> {
        let template = self
            .environment
            .get_template(NAME)
            .map_err(RuntimeError::ChatTemplate)?;
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| json!({ "role": message.role, "content": message.content }))
            .collect();
        let values = context! {
            messages => Serde(messages),
            add_generation_prompt => true,
            ..minijinja::Value::from(Serde(&self.special_tokens))
        };
        template.render(values).map_err(RuntimeError::ChatTemplate)
    }
}
