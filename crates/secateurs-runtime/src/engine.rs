//! The engine: turns tokens into logits.

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use secateurs_data::llama::LlamaConfig;
use secateurs_ops::slices;
use secateurs_sparse::{Input, Level, PackedMatrix, SMALL_BATCH, VectorType, multiply_together};

use crate::cache::{BlockCache, Cache};
use crate::error::RuntimeError;
use crate::weights::{BlockWeights, LlamaWeights};

/// Number of prompt tokens that run through the model at a time.
const PREFILL: usize = 512;

/// A model that is ready to run, with its threads.
///
/// A token's logits are the same bits however many sequences are decoded together, on any processor and with any number
/// of threads, as long as there are at most [`SMALL_BATCH`](secateurs_sparse::SMALL_BATCH) sequences; so are those of up to
/// as many tokens of one prompt. Longer prompts are products of many vectors, whose sums run in another order (see
/// [`Tile`](secateurs_sparse::Tile) for the bound): their logits differ from those of single tokens by roundings.
#[derive(Debug)]
pub struct Engine {
    pub(crate) weights: LlamaWeights,
    pub(crate) level: Level,
    pool: ThreadPool,
    /// Frequencies of the rotary positions, `[d_head / 2]`.
    pub(crate) frequencies: Vec<f64>,
}

/// Threads and instructions of an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineConfig {
    /// Number of threads; 0 for one on every core.
    pub n_threads: usize,
    /// The instruction set.
    pub level: Level,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            n_threads: 0,
            level: Level::best(),
        }
    }
}

impl EngineConfig {
    /// The number of threads; counts the cores where it is 0.
    pub fn threads(&self) -> usize {
        match self.n_threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n_threads => n_threads,
        }
    }
}

impl Engine {
    /// An engine with its own threads.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::Threads`].
    pub fn new(weights: LlamaWeights, config: EngineConfig) -> Result<Self, RuntimeError> {
        let n_threads = config.threads();
        let pool = ThreadPoolBuilder::new()
            .num_threads(n_threads)
            .thread_name(|index| format!("decode-{index}"))
            .build()
            .map_err(|source| RuntimeError::Threads { n_threads, source })?;
        Ok(Self {
            frequencies: weights.config.rope_frequencies(),
            weights,
            level: config.level,
            pool,
        })
    }

    /// The model.
    pub fn weights(&self) -> &LlamaWeights {
        &self.weights
    }

    /// A cache for a sequence of this model.
    pub fn cache(&self, vector_type: VectorType) -> Cache {
        Cache::new(&self.weights.config, vector_type)
    }

    /// Appends tokens to a sequence; returns the logits after the last one, `[vocab_size]`.
    ///
    /// # Errors
    ///
    /// If there are no tokens, one is outside the vocabulary, or the sequence would be longer than the model's positions.
    /// The cache is then as it was.
    pub fn prefill(&self, cache: &mut Cache, tokens: &[u32]) -> Result<Vec<f32>, RuntimeError> {
        if tokens.is_empty() {
            return Err(RuntimeError::EmptyPrompt);
        }
        self.check(tokens, cache.n_tokens() + tokens.len())?;
        Ok(self.pool.install(|| {
            let mut last = Vec::new();
            for part in tokens.chunks(PREFILL) {
                last = if part.len() > SMALL_BATCH {
                    self.read(part, cache).vector(part.len() - 1)
                } else {
                    let mut hidden = self.run(part, &mut Rows::Consecutive(cache));
                    hidden.split_off(hidden.len() - self.weights.config.d_model)
                };
            }
            self.logits(&last)
        }))
    }

    /// The loss of every predicted token of a text that starts a sequence: element `t` is `-ln p(tokens[t + 1] | tokens[..=t])`,
    /// `[tokens.len() - 1]`.
    ///
    /// # Errors
    ///
    /// As for [`prefill`](Self::prefill).
    pub fn token_losses(&self, tokens: &[u32], vector_type: VectorType) -> Result<Vec<f32>, RuntimeError> {
        if tokens.is_empty() {
            return Err(RuntimeError::EmptyPrompt);
        }
        self.check(tokens, tokens.len())?;
        let mut cache = self.cache(vector_type);
        let (d_model, vocab_size) = (self.weights.config.d_model, self.weights.config.vocab_size);
        Ok(self.pool.install(|| {
            let mut losses = Vec::with_capacity(tokens.len() - 1);
            for part in tokens.chunks(PREFILL) {
                let hidden = if part.len() > SMALL_BATCH {
                    self.read(part, &mut cache).to_vectors()
                } else {
                    self.run(part, &mut Rows::Consecutive(&mut cache))
                };
                for hidden in hidden.chunks(LOGITS * d_model) {
                    let logits = self.logits(hidden);
                    let rest = &tokens[losses.len() + 1..];
                    let targets = logits.par_chunks_exact(vocab_size).zip(rest);
                    losses.par_extend(targets.map(|(logits, target)| slices::cross_entropy(logits, *target as usize)));
                }
            }
            losses
        }))
    }

    /// Appends one token to each of several sequences; returns the logits after each, `[n_sequences, vocab_size]`.
    ///
    /// # Errors
    ///
    /// As for [`prefill`](Self::prefill).
    ///
    /// # Panics
    ///
    /// If there are not as many caches as tokens.
    pub fn decode(&self, caches: &mut [Cache], tokens: &[u32]) -> Result<Vec<f32>, RuntimeError> {
        assert_eq!(caches.len(), tokens.len(), "one token for every sequence");
        let longest = caches.iter().map(Cache::n_tokens).max().unwrap_or(0);
        self.check(tokens, longest + 1)?;
        Ok(self.pool.install(|| {
            let hidden = self.run(tokens, &mut Rows::Apart(caches));
            self.logits(&hidden)
        }))
    }

    /// Runs a closure on the engine's threads.
    pub(crate) fn install<T: Send>(&self, run: impl FnOnce() -> T + Send) -> T {
        self.pool.install(run)
    }

    fn check(&self, tokens: &[u32], n_tokens: usize) -> Result<(), RuntimeError> {
        let (vocab_size, max_positions) = (self.weights.config.vocab_size, self.weights.config.max_positions);
        if n_tokens > max_positions {
            return Err(RuntimeError::ContextFull {
                n_tokens,
                max_positions,
            });
        }
        match tokens.iter().find(|id| **id as usize >= vocab_size) {
            Some(&id) => Err(RuntimeError::TokenOutOfRange { id, vocab_size }),
            None => Ok(()),
        }
    }

    /// The residual stream after all blocks, `[tokens.len(), d_model]`.
    fn run(&self, tokens: &[u32], rows: &mut Rows<'_>) -> Vec<f32> {
        let d_model = self.weights.config.d_model;
        let mut hidden = vec![0.0; tokens.len() * d_model];
        for (token, hidden) in tokens.iter().zip(hidden.chunks_exact_mut(d_model)) {
            self.weights.embedding.output(self.level, *token as usize, hidden);
        }
        let turns: Vec<Turn> = (0..tokens.len()).map(|row| self.turn(rows.position(row))).collect();
        for (index, block) in self.weights.blocks.iter().enumerate() {
            self.attend(index, block, &mut hidden, rows, &turns);
            self.mlp(block, &mut hidden);
        }
        rows.advance(tokens.len());
        hidden
    }

    /// Adds attention to the residual stream: `hidden += attention(norm(hidden))`.
    fn attend(&self, index: usize, block: &BlockWeights, hidden: &mut [f32], rows: &mut Rows<'_>, turns: &[Turn]) {
        let config = &self.weights.config;
        let input = self.normalise(hidden, &block.attention_norm);
        let products = multiply_together(self.level, &[&block.query, &block.key, &block.value], &input);
        let [mut queries, mut keys, values]: [Vec<f32>; 3] = products.try_into().expect("three matrices");
        let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
        let mut attended = vec![0.0; queries.len()];
        for (row, turn) in turns.iter().enumerate() {
            let queries = &mut queries[row * d_query..(row + 1) * d_query];
            slices::rope(queries, &turn.cos, &turn.sin);
            slices::rope(&mut keys[row * d_key..(row + 1) * d_key], &turn.cos, &turn.sin);
            let range = row * d_key..(row + 1) * d_key;
            rows.block(row, index).push(&keys[range.clone()], &values[range]);
            if let Rows::Consecutive(cache) = rows {
                // Before the keys of the next token are there.
                let attended = &mut attended[row * d_query..(row + 1) * d_query];
                self.attend_last(queries, &[&cache.blocks[index]], attended);
            }
        }
        if let Rows::Apart(caches) = rows {
            let blocks: Vec<&BlockCache> = caches.iter().map(|cache| &cache.blocks[index]).collect();
            self.attend_last(&queries, &blocks, &mut attended);
        }
        self.add_product(&block.output, &attended, hidden);
    }

    /// The attention of the last token of each of some sequences, `[n_sequences, n_heads * d_head]`.
    fn attend_last(&self, queries: &[f32], blocks: &[&BlockCache], out: &mut [f32]) {
        let LlamaConfig {
            n_heads,
            n_kv_heads,
            d_head,
            ..
        } = self.weights.config;
        let scale = 1.0 / (d_head as f32).sqrt();
        let of_head = |weights: &mut Vec<f32>, index: usize, query: &[f32], out: &mut [f32]| {
            let (block, head) = (blocks[index / n_heads], index % n_heads * n_kv_heads / n_heads);
            let (keys, values) = (&block.keys[head], &block.values[head]);
            weights.resize(keys.len(), 0.0);
            keys.dot(self.level, query, weights);
            weights.iter_mut().for_each(|weight| *weight *= scale);
            slices::softmax(weights);
            values.combine(self.level, weights, out);
        };
        let n_keys: usize = blocks.iter().map(|block| block.keys[0].len()).sum();
        if n_keys < PARALLEL_KEYS {
            let mut weights = Vec::new();
            let heads = queries.chunks_exact(d_head).zip(out.chunks_exact_mut(d_head));
            heads
                .enumerate()
                .for_each(|(index, (query, out))| of_head(&mut weights, index, query, out));
        } else {
            let heads = queries.par_chunks_exact(d_head).zip(out.par_chunks_exact_mut(d_head));
            heads
                .enumerate()
                .for_each_init(Vec::new, |weights, (index, (query, out))| {
                    of_head(weights, index, query, out);
                });
        }
    }

    /// Adds the SwiGLU layer to the residual stream: `hidden += down(silu(gate(norm(hidden))) * up(norm(hidden)))`.
    fn mlp(&self, block: &BlockWeights, hidden: &mut [f32]) {
        let input = self.normalise(hidden, &block.mlp_norm);
        let products = multiply_together(self.level, &[&block.gate, &block.up], &input);
        let [mut gate, up]: [Vec<f32>; 2] = products.try_into().expect("two matrices");
        slices::swiglu(&mut gate, &up);
        self.add_product(&block.down, &gate, hidden);
    }

    fn add_product(&self, matrix: &PackedMatrix, x: &[f32], hidden: &mut [f32]) {
        let input = Input::new(x, matrix.dims()[1]);
        let mut y = vec![0.0; hidden.len()];
        matrix.multiply(self.level, &input, &mut y);
        hidden.iter_mut().zip(y).for_each(|(hidden, y)| *hidden += y);
    }

    fn normalise(&self, hidden: &[f32], weight: &[f32]) -> Input {
        let mut normed = hidden.to_vec();
        slices::rms_norm(&mut normed, weight, self.weights.config.norm_eps as f32);
        Input::new(&normed, weight.len())
    }

    fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        let input = self.normalise(hidden, &self.weights.norm);
        let head = self.weights.head();
        let mut logits = vec![0.0; input.n_vectors() * head.dims()[0]];
        head.multiply(self.level, &input, &mut logits);
        logits
    }

    pub(crate) fn turn(&self, position: usize) -> Turn {
        let angles = || self.frequencies.iter().map(|frequency| position as f64 * frequency);
        Turn {
            cos: angles().map(|angle| angle.cos() as f32).collect(),
            sin: angles().map(|angle| angle.sin() as f32).collect(),
        }
    }
}

/// Number of rows of logits that are in memory at a time.
const LOGITS: usize = 64;

/// Number of keys at which several threads begin to pay for heads.
const PARALLEL_KEYS: usize = 256;

/// The rotation of one position, `[d_head / 2]` each.
pub(crate) struct Turn {
    pub(crate) cos: Vec<f32>,
    pub(crate) sin: Vec<f32>,
}

/// Places of the tokens of a run.
enum Rows<'a> {
    /// Consecutive tokens of one sequence.
    Consecutive(&'a mut Cache),
    /// One token at the end of each of several sequences.
    Apart(&'a mut [Cache]),
}

impl Rows<'_> {
    fn position(&self, row: usize) -> usize {
        match self {
            Self::Consecutive(cache) => cache.n_tokens() + row,
            Self::Apart(caches) => caches[row].n_tokens(),
        }
    }

    fn block(&mut self, row: usize, index: usize) -> &mut BlockCache {
        match self {
            Self::Consecutive(cache) => &mut cache.blocks[index],
            Self::Apart(caches) => &mut caches[row].blocks[index],
        }
    }

    fn advance(&mut self, n_rows: usize) {
        match self {
            Self::Consecutive(cache) => cache.advance(n_rows),
            Self::Apart(caches) => caches.iter_mut().for_each(|cache| cache.advance(1)),
        }
    }
}
