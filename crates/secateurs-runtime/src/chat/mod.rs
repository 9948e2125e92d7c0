//! Chat templates: turn messages into the prompt format that a model was trained on.

mod conversation;
mod jinja;
mod python;

use minijinja::AutoEscape;
use minijinja::machinery::{CodeGenerator, ast, eval, make_string_output, parse};
use minijinja::syntax::SyntaxConfig;
use serde_json::Value as Json;

pub use conversation::{Conversation, Message};

use crate::error::RuntimeError;

/// A model's chat template: a Jinja template as Hugging Face folders hold them.
///
/// It renders as transformers 5 renders it, which runs Python's Jinja: operators, filters, methods, and printed values have
/// Python's rules. A template that uses something else is an error when it is rendered, never another text.
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    source: String,
    special_tokens: Vec<(String, String)>,
}

/// Name of the template in error messages.
const NAME: &str = "chat template";

impl ChatTemplate {
    /// Reads a template; `special_tokens` holds `bos_token` and the like: every field whose name ends in `_token`
    /// counts.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ChatTemplate`] if it is not valid Jinja.
    pub fn new(template: &str, special_tokens: &Json) -> Result<Self, RuntimeError> {
        let fields = special_tokens.as_object().into_iter().flatten();
        let named = fields.filter(|(name, _)| name.ends_with("_token"));
        let tokens = named.filter_map(|(name, token)| {
            // A plain string, or an object with a `content`.
            let token = token.get("content").unwrap_or(token).as_str()?;
            Some((name.clone(), token.to_owned()))
        });
        let template = Self {
            source: jinja::prepare(template),
            special_tokens: tokens.collect(),
        };
        template.parse().map_err(RuntimeError::ChatTemplate)?;
        Ok(template)
    }

    /// The prompt after which the model answers.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ChatTemplate`] if the template refuses the messages.
    pub fn prompt(&self, messages: &[Message]) -> Result<String, RuntimeError> {
        self.render(&Conversation::new(messages))
    }

    /// The text of a conversation, which may contain tools, documents and other variables.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::ChatTemplate`] if the template refuses the conversation, or does something that transformers would do
    /// otherwise.
    pub fn render(&self, conversation: &Conversation) -> Result<String, RuntimeError> {
        self.try_render(conversation).map_err(RuntimeError::ChatTemplate)
    }

    fn try_render(&self, conversation: &Conversation) -> Result<String, minijinja::Error> {
        let environment = jinja::environment();
        let mut generator = CodeGenerator::new(NAME, &self.source);
        generator.compile_stmt(&self.parse()?);
        let (instructions, blocks) = generator.finish();
        let root = conversation.variables(&self.special_tokens);
        let mut text = String::new();
        let mut output = make_string_output(&mut text);
        eval(
            &environment,
            &instructions,
            root,
            &blocks,
            &mut output,
            AutoEscape::None,
        )?;
        Ok(text)
    }

    /// Rewrites the template with Python's operators in place of the engine's.
    fn parse(&self) -> Result<ast::Stmt<'_>, minijinja::Error> {
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
        jinja::template(&parse(&self.source, NAME, syntax)?)
    }
}
