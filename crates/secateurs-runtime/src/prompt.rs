//! Prefill: many consecutive tokens of one sequence at once.
//!
//! All of it runs with the tokens in the lanes (see [`Lanes`]): products, norms, rotations, attention. Nothing is moved
//! between two layouts but keys and values, which the cache holds token by token.

use rayon::prelude::*;
use secateurs_data::llama::LlamaConfig;
use secateurs_ops::lanes;
use secateurs_sparse::{FloatVectors, LANES, Lanes, Level, ManyProduct, PackedMatrix, Store, Tile, multiply_many};

use crate::cache::{BlockCache, Cache};
use crate::engine::Engine;
use crate::weights::BlockWeights;

impl Engine {
    /// Appends tokens to a sequence; returns the residual stream after all blocks, `d_model` wide.
    pub(crate) fn read(&self, tokens: &[u32], cache: &mut Cache) -> Lanes {
        let mut prompt = Prompt::new(self, tokens, cache.n_tokens());
        for (block, memory) in self.weights.blocks.iter().zip(&mut cache.blocks) {
            prompt.attend(block, memory);
            prompt.mlp(block);
        }
        cache.advance(tokens.len());
        prompt.hidden
    }
}

/// The activations of a part of a prompt; every block uses the same memory.
struct Prompt<'a> {
    config: &'a LlamaConfig,
    level: Level,
    /// Number of tokens before the first one.
    n_before: usize,
    hidden: Lanes,
    normed: Lanes,
    queries: Lanes,
    keys: Lanes,
    values: Lanes,
    attended: Lanes,
    gate: Lanes,
    up: Lanes,
    /// Cosines and sines of the rotations, `d_head / 2` wide.
    cos: Lanes,
    sin: Lanes,
    /// Heads, one for every key head.
    memories: Vec<Memory>,
}

/// Keys and values for the queries of one key head.
struct Memory {
    /// Keys, `[n_keys, d_head]`.
    keys: Tile,
    /// Values, `[d_head, n_keys]`.
    values: Tile,
}

impl<'a> Prompt<'a> {
    fn new(engine: &'a Engine, tokens: &[u32], n_before: usize) -> Self {
        let (config, level) = (&engine.weights.config, engine.level);
        let mut embedded = vec![0.0; tokens.len() * config.d_model];
        for (token, hidden) in tokens.iter().zip(embedded.chunks_exact_mut(config.d_model)) {
            engine.weights.embedding.output(level, *token as usize, hidden);
        }
        let turns: Vec<_> = (n_before..n_before + tokens.len())
            .into_par_iter()
            .map(|position| engine.turn(position))
            .collect();
        let cos: Vec<f32> = turns.iter().flat_map(|turn| &turn.cos).copied().collect();
        let sin: Vec<f32> = turns.iter().flat_map(|turn| &turn.sin).copied().collect();
        let zeros = |width| Lanes::zeros(tokens.len(), width);
        let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
        let memory = || Memory {
            keys: Tile::new(level),
            values: Tile::new(level),
        };
        Self {
            config,
            level,
            n_before,
            hidden: Lanes::from_vectors(&embedded, config.d_model),
            normed: zeros(config.d_model),
            queries: zeros(d_query),
            keys: zeros(d_key),
            values: zeros(d_key),
            attended: zeros(d_query),
            gate: zeros(config.d_ffn),
            up: zeros(config.d_ffn),
            cos: Lanes::from_vectors(&cos, config.d_head / 2),
            sin: Lanes::from_vectors(&sin, config.d_head / 2),
            memories: (0..config.n_kv_heads).map(|_| memory()).collect(),
        }
    }

    /// Adds attention to the residual stream: `hidden += attention(norm(hidden))`.
    fn attend(&mut self, block: &BlockWeights, memory: &mut BlockCache) {
        self.norm(&block.attention_norm);
        let mut products = [
            product(&block.query, &mut self.queries),
            product(&block.key, &mut self.keys),
            product(&block.value, &mut self.values),
        ];
        multiply_many(self.level, &self.normed, &mut products);
        self.turn();
        self.remember(memory);
        self.attend_heads();
        let output = ManyProduct {
            store: Store::Add,
            ..product(&block.output, &mut self.hidden)
        };
        multiply_many(self.level, &self.attended, &mut [output]);
    }

    /// Adds the SwiGLU layer to the residual stream: `hidden += down(silu(gate(norm(hidden))) * up(norm(hidden)))`.
    fn mlp(&mut self, block: &BlockWeights) {
        self.norm(&block.mlp_norm);
        let mut products = [product(&block.gate, &mut self.gate), product(&block.up, &mut self.up)];
        multiply_many(self.level, &self.normed, &mut products);
        let gates = self.gate.rows_mut().par_chunks_mut(GATES);
        gates
            .zip(self.up.rows().par_chunks(GATES))
            .for_each(|(gate, up)| lanes::swiglu(gate, up));
        let down = ManyProduct {
            store: Store::Add,
            ..product(&block.down, &mut self.hidden)
        };
        multiply_many(self.level, &self.gate, &mut [down]);
    }

    fn norm(&mut self, weight: &[f32]) {
        let eps = self.config.norm_eps as f32;
        let panels = self.normed.rows_mut().par_chunks_mut(weight.len());
        panels
            .zip(self.hidden.rows().par_chunks(weight.len()))
            .for_each(|(normed, hidden)| lanes::rms_norm(hidden, weight, eps, normed));
    }

    /// Rotates queries and keys to their positions.
    fn turn(&mut self) {
        let d_head = self.config.d_head;
        for lists in [&mut self.queries, &mut self.keys] {
            let width = lists.width();
            let panels = lists.rows_mut().par_chunks_mut(width).enumerate();
            panels.for_each(|(panel, rows)| {
                let (cos, sin) = (self.cos.panel(panel), self.sin.panel(panel));
                rows.chunks_exact_mut(d_head)
                    .for_each(|head| lanes::rope(head, cos, sin));
            });
        }
    }

    /// Appends keys and values to the cache and reads all of them back, rounded as later tokens see them.
    fn remember(&mut self, memory: &mut BlockCache) {
        let d_head = self.config.d_head;
        let Self {
            keys, values, memories, ..
        } = self;
        let append = |vectors: &Lanes, head: usize, list: &mut FloatVectors| {
            for panel in 0..vectors.n_panels() {
                let rows = &vectors.panel(panel)[head * d_head..(head + 1) * d_head];
                list.push_panel(rows, (vectors.n_vectors() - panel * LANES).min(LANES));
            }
        };
        let lists = memory.keys.par_iter_mut().zip(&mut memory.values);
        let heads = lists.zip(memories).enumerate();
        heads.for_each(|(head, ((key_list, value_list), memory))| {
            rayon::join(
                || {
                    append(keys, head, key_list);
                    key_list.tile(&mut memory.keys);
                },
                || {
                    append(values, head, value_list);
                    value_list.transposed_tile(&mut memory.values);
                },
            );
        });
    }

    /// Attends; a task is one panel of queries with the heads that share a key head.
    fn attend_heads(&mut self) {
        let LlamaConfig {
            n_heads,
            n_kv_heads,
            d_head,
            ..
        } = *self.config;
        let group = n_heads / n_kv_heads;
        let scale = 1.0 / (d_head as f32).sqrt();
        let (queries, memories, n_before) = (&self.queries, &self.memories, self.n_before);
        let n_keys = n_before + queries.n_vectors();
        let tasks = self.attended.rows_mut().par_chunks_mut(group * d_head).enumerate();
        tasks.with_max_len(1).for_each(|(task, out)| {
            let (panel, kv_head) = (task / n_kv_heads, task % n_kv_heads);
            let memory = &memories[kv_head];
            let n_before = n_before + panel * LANES;
            let mut scores = vec![[0.0; LANES]; n_keys.min(n_before + LANES)];
            let queries = &queries.panel(panel)[kv_head * group * d_head..];
            for (query, out) in queries.chunks_exact(d_head).zip(out.chunks_exact_mut(d_head)) {
                memory.keys.multiply(query, Store::Replace, &mut scores);
                let sums = lanes::causal_weights(&mut scores, n_before, scale);
                memory.values.multiply(&scores, Store::Replace, out);
                lanes::divide(out, &sums);
            }
        });
    }
}

fn product<'a>(matrix: &'a PackedMatrix, y: &'a mut Lanes) -> ManyProduct<'a> {
    ManyProduct {
        matrix,
        y,
        store: Store::Replace,
    }
}

/// Number of rows of gates in a task.
const GATES: usize = 256;
