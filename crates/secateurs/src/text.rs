//! Text in, text out.

use secateurs_data::llama::LlamaConfig;
use secateurs_data::{Checkpoint, TextStream, Tokenizer};
use secateurs_runtime::{ChatTemplate, Engine, EngineConfig, Generation, LlamaWeights, Message, Stop, generate};
use secateurs_sparse::ValueType;

use crate::Error;

/// A model that continues texts and answers messages.
#[derive(Debug)]
pub struct TextGenerator {
    engine: Engine,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    end_tokens: Vec<u32>,
}

/// What a model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The text, without the prompt.
    pub text: String,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens of the text.
    pub new_tokens: usize,
    /// Why it ends.
    pub stop: Stop,
}

impl TextGenerator {
    /// Loads a model, dense or packed. `dense` is how matrices are stored that a GGUF file holds quantised.
    ///
    /// # Errors
    ///
    /// If the model or its tokenizer cannot be used.
    pub fn load(checkpoint: &Checkpoint, dense: ValueType, config: EngineConfig) -> Result<Self, Error> {
        // First what is quickly found wrong.
        LlamaConfig::from_json(checkpoint.config())?;
        let tokenizer = checkpoint.tokenizer()?;
        let template = match checkpoint.chat_template()? {
            Some(template) => Some(ChatTemplate::new(&template, &checkpoint.tokenizer_config()?)?),
            None => None,
        };
        Ok(Self {
            engine: Engine::new(LlamaWeights::load(checkpoint, dense)?, config)?,
            tokenizer,
            template,
            end_tokens: checkpoint.end_tokens()?,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether the model was trained to answer messages.
    pub fn has_template(&self) -> bool {
        self.template.is_some()
    }

    /// The tokens of a plain text.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot represent it, or it is empty.
    pub fn text_prompt(&self, text: &str) -> Result<Vec<u32>, Error> {
        let tokens = self.tokenizer.encode(text)?;
        if tokens.is_empty() {
            return Err(secateurs_runtime::RuntimeError::EmptyPrompt.into());
        }
        Ok(tokens)
    }

    /// The tokens after which the model answers.
    ///
    /// # Errors
    ///
    /// If the model has no chat template, or it refuses the messages.
    pub fn chat_prompt(&self, messages: &[Message]) -> Result<Vec<u32>, Error> {
        let template = self
            .template
            .as_ref()
            .ok_or(secateurs_runtime::RuntimeError::NoChatTemplate)?;
        self.text_prompt(&template.prompt(messages)?)
    }

    /// Continues independent prompts together. `generation.end_tokens` are added to those of the model.
    ///
    /// `on_text(prompt, text)` sees pieces of text as they become certain.
    ///
    /// # Errors
    ///
    /// As for [`generate`].
    pub fn complete(
        &self,
        prompts: &[Vec<u32>],
        generation: &Generation,
        on_text: &mut dyn FnMut(usize, &str),
    ) -> Result<Vec<Completion>, Error> {
        let mut generation = generation.clone();
        generation.end_tokens.extend(&self.end_tokens);
        let mut streams: Vec<TextStream<'_>> = prompts.iter().map(|_| self.tokenizer.stream()).collect();
        let mut texts = vec![String::new(); prompts.len()];
        let mut failure = None;
        let results = generate(&self.engine, prompts, &generation, |prompt, token| {
            match streams[prompt].push(token) {
                Ok(text) => {
                    on_text(prompt, &text);
                    texts[prompt] += &text;
                }
                Err(error) => failure = failure.take().or(Some(error)),
            }
        })?;
        failure.map_or(Ok(()), Err)?;
        let mut completions = Vec::new();
        for (prompt, (stream, (tokens, stop))) in streams.into_iter().zip(results).enumerate() {
            let rest = stream.finish()?;
            on_text(prompt, &rest);
            completions.push(Completion {
                text: std::mem::take(&mut texts[prompt]) + &rest,
                prompt_tokens: prompts[prompt].len(),
                new_tokens: tokens.len(),
                stop,
            });
        }
        Ok(completions)
    }
}
