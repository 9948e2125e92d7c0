//! The speed of a model, and the bound that memory sets.

use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;
use secateurs_sparse::VectorType;

use crate::engine::Engine;
use crate::error::RuntimeError;

/// Settings of [`measure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasureConfig {
    /// Number of tokens of the prompt.
    pub prompt_tokens: usize,
    /// Number of tokens decoded after the prompt.
    pub new_tokens: usize,
    /// Number of sequences, each with its own prompt, that are decoded together.
    pub batch: usize,
    /// Number of repeats of prefill and decoding.
    pub repeats: usize,
    /// Number format of cached keys and values.
    pub cache: VectorType,
}

impl Default for MeasureConfig {
    fn default() -> Self {
        Self {
            prompt_tokens: 512,
            new_tokens: 128,
            batch: 1,
            repeats: 3,
            cache: VectorType::F16,
        }
    }
}

/// Speed of a model: the medians of the repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// Tokens of all prompts per second.
    pub prefill_tokens_per_second: f64,
    /// Tokens generated per second, of all sequences together.
    pub decode_tokens_per_second: f64,
    /// Bytes of weights, keys and values read for one generated token, on average; sequences share the weights.
    pub bytes_per_token: f64,
}

impl Speed {
    /// Bytes read per second while decoding.
    pub fn bytes_per_second(&self) -> f64 {
        self.bytes_per_token * self.decode_tokens_per_second
    }
}

/// Measures prefill and decoding with each of some models.
///
/// The models take turns, so that what else the machine does strikes them alike. The tokens are of no meaning; what a token
/// costs does not depend on it. `listener` is called with the number of runs done and their total.
///
/// # Errors
///
/// If the sequence would not fit a model's positions.
pub fn measure(
    engines: &[&Engine],
    config: &MeasureConfig,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Speed>, RuntimeError> {
    let repeats = config.repeats.max(1);
    let mut runs = vec![Vec::new(); engines.len()];
    for repeat in 0..repeats {
        for (index, (engine, runs)) in engines.iter().zip(&mut runs).enumerate() {
            runs.push(run(engine, config)?);
            listener(repeat * engines.len() + index + 1, repeats * engines.len());
        }
    }
    let speeds = runs.iter().map(|runs| Speed {
        prefill_tokens_per_second: median(runs, |run| run.prefill_tokens_per_second),
        decode_tokens_per_second: median(runs, |run| run.decode_tokens_per_second),
        bytes_per_token: runs[0].bytes_per_token,
    });
    Ok(speeds.collect())
}

fn run(engine: &Engine, config: &MeasureConfig) -> Result<Speed, RuntimeError> {
    let vocab_size = engine.weights().config.vocab_size as u32;
    let token = |index: usize| (index as u32).wrapping_mul(2_654_435_761) % vocab_size;
    let prompt: Vec<u32> = (0..config.prompt_tokens.max(1)).map(token).collect();
    let batch = config.batch.max(1);
    let mut caches: Vec<_> = (0..batch).map(|_| engine.cache(config.cache)).collect();
    let started = Instant::now();
    for cache in &mut caches {
        engine.prefill(cache, &prompt)?;
    }
    let prefill = started.elapsed().as_secs_f64();
    let started = Instant::now();
    for index in 0..config.new_tokens {
        engine.decode(&mut caches, &vec![token(index); batch])?;
    }
    let decode = started.elapsed().as_secs_f64();
    let n_tokens = prompt.len() + config.new_tokens;
    // Half of the new tokens are there on average.
    let seen = prompt.len() as f64 + config.new_tokens as f64 / 2.0;
    let cache_bytes = caches[0].n_bytes() as f64;
    let weight_bytes = engine.weights().bytes_per_token() as f64 / batch as f64;
    Ok(Speed {
        prefill_tokens_per_second: (batch * prompt.len()) as f64 / prefill,
        decode_tokens_per_second: (batch * config.new_tokens) as f64 / decode,
        bytes_per_token: weight_bytes + cache_bytes * seen / n_tokens as f64,
    })
}

/// Number of bytes that [`read_bandwidth`] and [`copy_bandwidth`] read: more than any cache holds.
const BUFFER: usize = 1 << 30;

/// Bytes per second that the engine's threads copy from memory to memory, each counted once: the best of three passes over
/// 1 GiB.
pub fn copy_bandwidth(engine: &Engine) -> f64 {
    let from = vec![1u64; BUFFER / size_of::<u64>()];
    let mut to = vec![0u64; from.len()];
    engine.install(|| {
        let part = from.len().div_ceil(rayon::current_num_threads());
        let passes = (0..3).map(|_| {
            let started = Instant::now();
            let parts = to.par_chunks_mut(part).zip(from.par_chunks(part));
            parts.for_each(|(to, from)| to.copy_from_slice(from));
            black_box(&mut to);
            started.elapsed().as_secs_f64()
        });
        BUFFER as f64 / passes.fold(f64::INFINITY, f64::min)
    })
}

/// Bytes per second that the engine's threads read from memory together: the best of five passes over 1 GiB.
pub fn read_bandwidth(engine: &Engine) -> f64 {
    let words = vec![1u64; BUFFER / size_of::<u64>()];
    engine.install(|| {
        let part = words.len().div_ceil(rayon::current_num_threads());
        let passes = (0..5).map(|_| {
            let started = Instant::now();
            let sum: u64 = words
                .par_chunks(part)
                .map(|words| words.iter().fold(0, |sum, word| sum ^ word))
                .sum();
            black_box(sum);
            started.elapsed().as_secs_f64()
        });
        BUFFER as f64 / passes.fold(f64::INFINITY, f64::min)
    })
}

fn median(runs: &[Speed], figure: impl Fn(&Speed) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
