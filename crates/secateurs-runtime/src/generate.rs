//! Generation: the continuation of prompts.

use secateurs_data::llama::LlamaConfig;
use secateurs_sparse::VectorType;

use crate::engine::Engine;
use crate::error::RuntimeError;
use crate::sampler::{Sampler, Sampling};

/// Settings of the continuation of prompts.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// Largest number of tokens that are appended to a prompt.
    pub max_tokens: usize,
    /// Settings of the choice of tokens; sequence `i` uses `seed + i` unless it has its own seed.
    pub sampling: Sampling,
    /// Tokens that end a sequence; they are not returned.
    pub end_tokens: Vec<u32>,
    /// Number format of cached keys and values.
    pub cache: VectorType,
}

/// The reason for the end of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The model chose an end token.
    End,
    /// The sequence has `max_tokens` new tokens.
    MaxTokens,
    /// The sequence fills the positions of the model.
    ContextFull,
}

/// A prompt with its own random numbers, so that its continuation does not depend on its neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeededPrompt {
    /// The tokens.
    pub tokens: Vec<u32>,
    /// Seed of its sampler.
    pub seed: u64,
}

/// Continues independent prompts together; returns the new tokens of each, and the reason for its end.
///
/// `on_token(sequence, token)` sees every token as it is chosen.
///
/// # Errors
///
/// If a prompt is empty, too long, or has an unknown token, a sampling setting is out of range, or the model overflows.
pub fn generate(
    engine: &Engine,
    prompts: &[Vec<u32>],
    generation: &Generation,
    on_token: impl FnMut(usize, u32),
) -> Result<Vec<(Vec<u32>, Stop)>, RuntimeError> {
    let seeds = (0..).map(|sequence| generation.sampling.seed.wrapping_add(sequence));
    let seeded = prompts.iter().cloned().zip(seeds);
    let seeded: Vec<SeededPrompt> = seeded.map(|(tokens, seed)| SeededPrompt { tokens, seed }).collect();
    generate_seeded(engine, &seeded, generation, on_token)
}

/// Continues prompts as [`generate`] does, with a seed for each; `generation.sampling.seed` is ignored.
///
/// With at most [`SMALL_BATCH`](secateurs_sparse::SMALL_BATCH) prompts, a prompt gets the same continuation whatever
/// prompts run beside it.
///
/// # Errors
///
/// As for [`generate`].
pub fn generate_seeded(
    engine: &Engine,
    prompts: &[SeededPrompt],
    generation: &Generation,
    mut on_token: impl FnMut(usize, u32),
) -> Result<Vec<(Vec<u32>, Stop)>, RuntimeError> {
    let LlamaConfig {
        vocab_size,
        max_positions,
        ..
    } = engine.weights().config;
    let mut results = vec![(Vec::new(), Stop::MaxTokens); prompts.len()];
    let mut running = Vec::new();
    let mut caches = Vec::new();
    for (sequence, prompt) in prompts.iter().enumerate() {
        let mut sampler = Sampler::new(Sampling {
            seed: prompt.seed,
            ..generation.sampling
        })?;
        if generation.max_tokens == 0 {
            continue;
        }
        let mut cache = engine.cache(generation.cache);
        let logits = engine.prefill(&mut cache, &prompt.tokens)?;
        let token = sampler.choose(&logits)?;
        running.push(Running {
            sequence,
            sampler,
            token,
        });
        caches.push(cache);
    }
    loop {
        let mut index = 0;
        while index < running.len() {
            let Running { sequence, token, .. } = running[index];
            let (tokens, stop) = &mut results[sequence];
            let n_free = max_positions - caches[index].n_tokens();
            let reason = running[index].stop(generation, tokens.len(), n_free);
            if reason != Some(Stop::End) {
                tokens.push(token);
                on_token(sequence, token);
            }
            let Some(reason) = reason else {
                index += 1;
                continue;
            };
            *stop = reason;
            running.remove(index);
            caches.remove(index);
        }
        if running.is_empty() {
            return Ok(results);
        }
        let tokens: Vec<u32> = running.iter().map(|running| running.token).collect();
        let logits = engine.decode(&mut caches, &tokens)?;
        for (running, logits) in running.iter_mut().zip(logits.chunks_exact(vocab_size)) {
            running.token = running.sampler.choose(logits)?;
        }
    }
}

/// A sequence that has not ended.
struct Running {
    sequence: usize,
    sampler: Sampler,
    /// The token that was chosen but is not yet part of the sequence.
    token: u32,
}

impl Running {
    /// The reason why the sequence ends with the chosen token, if it does; `n_new` tokens were generated before, and
    /// `n_free` positions of the model are left.
    fn stop(&self, generation: &Generation, n_new: usize, n_free: usize) -> Option<Stop> {
        if generation.end_tokens.contains(&self.token) {
            Some(Stop::End)
        } else if n_new + 1 == generation.max_tokens {
            Some(Stop::MaxTokens)
        } else if n_free == 0 {
            Some(Stop::ContextFull)
        } else {
            None
        }
    }
}
