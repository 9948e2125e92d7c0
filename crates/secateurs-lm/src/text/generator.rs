//! Generates text from text.

use secateurs_data::{Checkpoint, TextStream};
use secateurs_models::ModelShape;
use secateurs_runtime::{Engine, EngineConfig, Generation, LlamaWeights, SeededPrompt, Stop, generate_seeded};
use secateurs_sparse::ValueType;

use crate::text::error::TextError;
use crate::text::prompt_encoder::PromptEncoder;

/// A model that continues texts and answers messages.
#[derive(Debug)]
pub struct TextGenerator {
    engine: Engine,
    encoder: PromptEncoder,
    end_tokens: Vec<u32>,
}

/// Text that a model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The text, without the prompt.
    pub text: String,
    /// Number of tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens of the text, without an end token.
    pub tokens: Vec<u32>,
    /// Reason for the end of the text.
    pub stop: Stop,
}

impl TextGenerator {
    /// Loads a model, dense or packed. `dense` is how matrices are stored that a GGUF file holds quantised.
    ///
    /// # Errors
    ///
    /// If the model or its tokenizer cannot be used.
    pub fn load(checkpoint: &Checkpoint, dense: ValueType, config: EngineConfig) -> Result<Self, TextError> {
        // First what is quickly found wrong.
        ModelShape::open(checkpoint)?.check_dense("the engine")?;
        let encoder = PromptEncoder::load(checkpoint)?;
        Ok(Self {
            engine: Engine::new(LlamaWeights::load(checkpoint, dense)?, config)?,
            encoder,
            end_tokens: checkpoint.end_tokens()?,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The encoder of prompts.
    pub fn encoder(&self) -> &PromptEncoder {
        &self.encoder
    }

    /// Continues independent prompts together; prompt `i` uses the seed of `generation` plus `i`.
    /// `generation.end_tokens` are added to the model's own.
    ///
    /// `on_text(prompt, text)` sees pieces of text as they become certain.
    ///
    /// # Errors
    ///
    /// As for [`generate`](secateurs_runtime::generate).
    pub fn complete(
        &self,
        prompts: &[Vec<u32>],
        generation: &Generation,
        on_text: &mut dyn FnMut(usize, &str),
    ) -> Result<Vec<Completion>, TextError> {
        let seeds = (0..).map(|index| generation.sampling.seed.wrapping_add(index));
        let seeded = prompts.iter().cloned().zip(seeds);
        let seeded: Vec<SeededPrompt> = seeded.map(|(tokens, seed)| SeededPrompt { tokens, seed }).collect();
        self.complete_seeded(&seeded, generation, on_text)
    }

    /// Continues prompts as [`complete`](Self::complete) does, with a seed for each; the seed of `generation` is
    /// ignored.
    ///
    /// # Errors
    ///
    /// As for [`generate`](secateurs_runtime::generate).
    pub fn complete_seeded(
        &self,
        prompts: &[SeededPrompt],
        generation: &Generation,
        on_text: &mut dyn FnMut(usize, &str),
    ) -> Result<Vec<Completion>, TextError> {
        let mut generation = generation.clone();
        generation.end_tokens.extend(&self.end_tokens);
        let tokenizer = self.encoder.tokenizer();
        let mut streams: Vec<TextStream<'_>> = prompts.iter().map(|_| tokenizer.stream()).collect();
        let mut texts = vec![String::new(); prompts.len()];
        let mut failure = None;
        let results = generate_seeded(&self.engine, prompts, &generation, |prompt, token| {
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
                prompt_tokens: prompts[prompt].tokens.len(),
                tokens,
                stop,
            });
        }
        Ok(completions)
    }
}
