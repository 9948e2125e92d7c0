//! The engine against a naive Llama in f64, and its laws.

use secateurs_data::llama::LlamaConfig;
use secateurs_runtime::{
    BlockWeights, Engine, EngineConfig, Generation, LlamaWeights, RuntimeError, Sampling, Stop, generate,
};
use secateurs_sparse::{Format, Level, PackedMatrix, ValueType, VectorType};

fn config(tied_head: bool) -> LlamaConfig {
    let json = serde_json::json!({
        "model_type": "llama", "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2,
        "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 10, "vocab_size": 50, "rms_norm_eps": 1e-5,
        "max_position_embeddings": 700, "tie_word_embeddings": tied_head
    });
    LlamaConfig::from_json(&json).expect("a Llama")
}

/// Numbers that look random.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn vector(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| 1.0 + 0.3 * self.next()).collect()
    }

    /// About half of the weights are zero.
    fn matrix(&mut self, dims: [usize; 2], format: Format) -> PackedMatrix {
        let weights: Vec<f32> = (0..dims[0] * dims[1])
            .map(|_| if self.next() < 0.0 { 0.0 } else { 0.6 * self.next() })
            .collect();
        PackedMatrix::pack(&weights, dims, format, ValueType::F32).expect("packs")
    }
}

fn weights(tied_head: bool, format: Format) -> LlamaWeights {
    let config = config(tied_head);
    let noise = &mut Noise(17);
    let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
    let blocks = (0..config.n_blocks)
        .map(|_| BlockWeights {
            attention_norm: noise.vector(config.d_model),
            query: noise.matrix([d_query, config.d_model], format),
            key: noise.matrix([d_key, config.d_model], format),
            value: noise.matrix([d_key, config.d_model], format),
            output: noise.matrix([config.d_model, d_query], format),
            mlp_norm: noise.vector(config.d_model),
            gate: noise.matrix([config.d_ffn, config.d_model], format),
            up: noise.matrix([config.d_ffn, config.d_model], format),
            down: noise.matrix([config.d_model, config.d_ffn], format),
        })
        .collect();
    LlamaWeights {
        blocks,
        embedding: noise.matrix([config.vocab_size, config.d_model], format),
        norm: noise.vector(config.d_model),
        head: (!tied_head).then(|| noise.matrix([config.vocab_size, config.d_model], format)),
        config,
    }
}

fn engine(tied_head: bool, format: Format) -> Engine {
    let config = EngineConfig {
        n_threads: 3,
        ..EngineConfig::default()
    };
    Engine::new(weights(tied_head, format), config).expect("starts")
}

fn tokens(n: usize, seed: usize) -> Vec<u32> {
    (0..n).map(|index| ((index * 31 + seed * 7) % 50) as u32).collect()
}

/// The logits after every token, in f64 and from the formulas.
fn naive(weights: &LlamaWeights, tokens: &[u32]) -> Vec<Vec<f64>> {
    let config = &weights.config;
    let dense =
        |matrix: &PackedMatrix| -> Vec<f64> { matrix.unpack(Level::scalar()).into_iter().map(f64::from).collect() };
    let product = |matrix: &PackedMatrix, x: &[f64]| -> Vec<f64> {
        let rows = dense(matrix);
        rows.chunks(x.len())
            .map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum())
            .collect()
    };
    let norm = |x: &[f64], weight: &[f32]| -> Vec<f64> {
        let mean = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
        x.iter()
            .zip(weight)
            .map(|(x, w)| x / (mean + config.norm_eps).sqrt() * f64::from(*w))
            .collect()
    };
    let turn = |x: &mut [f64], position: usize| {
        for head in x.chunks_mut(config.d_head) {
            for i in 0..config.d_head / 2 {
                let angle = position as f64 * config.rope_theta.powf(-2.0 * i as f64 / config.d_head as f64);
                let (a, b) = (head[i], head[i + config.d_head / 2]);
                head[i] = a * angle.cos() - b * angle.sin();
                head[i + config.d_head / 2] = b * angle.cos() + a * angle.sin();
            }
        }
    };
    let embedding = dense(&weights.embedding);
    let row = |token: u32| embedding[token as usize * config.d_model..][..config.d_model].to_vec();
    let mut hidden: Vec<Vec<f64>> = tokens.iter().map(|token| row(*token)).collect();
    for block in &weights.blocks {
        let normed: Vec<_> = hidden.iter().map(|x| norm(x, &block.attention_norm)).collect();
        let turned = |matrix: &PackedMatrix| -> Vec<Vec<f64>> {
            let rows = normed.iter().enumerate();
            rows.map(|(position, x)| {
                let mut y = product(matrix, x);
                turn(&mut y, position);
                y
            })
            .collect()
        };
        let (queries, keys) = (turned(&block.query), turned(&block.key));
        let values: Vec<_> = normed.iter().map(|x| product(&block.value, x)).collect();
        for (position, x) in hidden.iter_mut().enumerate() {
            let mut attended = Vec::new();
            for head in 0..config.n_heads {
                let kv = head * config.n_kv_heads / config.n_heads * config.d_head;
                let query = &queries[position][head * config.d_head..][..config.d_head];
                let score = |key: &Vec<f64>| -> f64 { query.iter().zip(&key[kv..]).map(|(q, k)| q * k).sum() };
                let powers: Vec<f64> = keys[..=position]
                    .iter()
                    .map(|key| (score(key) / (config.d_head as f64).sqrt()).exp())
                    .collect();
                let total: f64 = powers.iter().sum();
                attended.extend((0..config.d_head).map(|j| {
                    powers
                        .iter()
                        .zip(&values)
                        .map(|(power, value)| power * value[kv + j])
                        .sum::<f64>()
                        / total
                }));
            }
            x.iter_mut()
                .zip(product(&block.output, &attended))
                .for_each(|(x, y)| *x += y);
        }
        for x in &mut hidden {
            let normed = norm(x, &block.mlp_norm);
            let gate = product(&block.gate, &normed);
            let up = product(&block.up, &normed);
            let inner: Vec<f64> = gate
                .iter()
                .zip(up)
                .map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up)
                .collect();
            x.iter_mut()
                .zip(product(&block.down, &inner))
                .for_each(|(x, y)| *x += y);
        }
    }
    hidden
        .iter()
        .map(|x| product(weights.head(), &norm(x, &weights.norm)))
        .collect()
}

fn assert_close(got: &[f32], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((f64::from(*got) - expected).abs() < 2e-4, "{got} is not {expected}");
    }
}

#[test]
fn logits_are_those_of_the_formulas() {
    for tied_head in [false, true] {
        for format in [Format::Dense, Format::Bitmap, Format::Indexed] {
            let engine = engine(tied_head, format);
            let tokens = tokens(20, 1);
            let expected = naive(engine.weights(), &tokens);
            // All at once, one by one, and in two parts of which the second continues the first.
            let mut cache = engine.cache(VectorType::F32);
            assert_close(&engine.prefill(&mut cache, &tokens).expect("runs"), &expected[19]);
            let mut caches = [engine.cache(VectorType::F32)];
            for (token, expected) in tokens.iter().zip(&expected) {
                assert_close(&engine.decode(&mut caches, &[*token]).expect("runs"), expected);
            }
            let mut cache = engine.cache(VectorType::F32);
            engine.prefill(&mut cache, &tokens[..7]).expect("runs");
            assert_close(&engine.prefill(&mut cache, &tokens[7..]).expect("runs"), &expected[19]);
            cache.truncate(12);
            assert_close(
                &engine.prefill(&mut cache, &tokens[12..13]).expect("runs"),
                &expected[12],
            );
        }
    }
}

#[test]
fn losses_are_those_of_the_formulas() {
    let engine = engine(false, Format::Bitmap);
    let tokens = tokens(150, 4);
    let losses = engine.token_losses(&tokens, VectorType::F32).expect("runs");
    let expected = naive(engine.weights(), &tokens);
    assert_eq!(losses.len(), 149);
    for ((loss, logits), target) in losses.iter().zip(expected).zip(&tokens[1..]) {
        let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
        let expected = total.ln() - logits[*target as usize];
        assert!((f64::from(*loss) - expected).abs() < 2e-4, "{loss} is not {expected}");
    }
    assert!(
        engine
            .token_losses(&tokens[..1], VectorType::F32)
            .expect("runs")
            .is_empty()
    );
}

/// Longer than one part of a prefill, and long enough for attention on several threads.
#[test]
fn long_prompts_run_in_parts() {
    let engine = engine(true, Format::Bitmap);
    let tokens = tokens(600, 2);
    let mut whole = engine.cache(VectorType::F32);
    let expected = engine.prefill(&mut whole, &tokens).expect("runs");
    let mut parts = [engine.cache(VectorType::F32)];
    engine.prefill(&mut parts[0], &tokens[..599]).expect("runs");
    let got = engine.decode(&mut parts, &tokens[599..]).expect("runs");
    assert_close(&got, &expected.into_iter().map(f64::from).collect::<Vec<_>>());
    assert_eq!(parts[0].n_tokens(), 600);
    // Two blocks, keys and values, two heads of ten values.
    assert_eq!(parts[0].n_bytes(), 600 * 2 * 2 * 2 * 10 * 4);
}

#[test]
fn sequences_do_not_see_each_other() {
    let engine = engine(false, Format::Bitmap);
    let alone = |seed: usize| {
        let mut cache = [engine.cache(VectorType::F16)];
        engine.prefill(&mut cache[0], &tokens(3 + seed, seed)).expect("runs");
        engine.decode(&mut cache, &[seed as u32]).expect("runs")
    };
    let mut caches: Vec<_> = (0..5).map(|_| engine.cache(VectorType::F16)).collect();
    for (seed, cache) in caches.iter_mut().enumerate() {
        engine.prefill(cache, &tokens(3 + seed, seed)).expect("runs");
    }
    let together = engine.decode(&mut caches, &[0, 1, 2, 3, 4]).expect("runs");
    for (seed, logits) in together.chunks(50).enumerate() {
        assert_eq!(logits, alone(seed), "sequence {seed}");
    }
}

#[test]
fn bad_tokens_leave_the_cache_as_it_was() {
    let engine = engine(true, Format::Dense);
    let mut cache = engine.cache(VectorType::F32);
    assert!(matches!(
        engine.prefill(&mut cache, &[]),
        Err(RuntimeError::EmptyPrompt)
    ));
    let unknown = engine.prefill(&mut cache, &[3, 50]);
    assert!(matches!(
        unknown,
        Err(RuntimeError::TokenOutOfRange { id: 50, vocab_size: 50 })
    ));
    let long = engine.prefill(&mut cache, &tokens(701, 0));
    assert!(matches!(
        long,
        Err(RuntimeError::ContextFull {
            n_tokens: 701,
            max_positions: 700
        })
    ));
    assert_eq!((cache.n_tokens(), cache.n_bytes()), (0, 0));
}

fn generation(max_tokens: usize) -> Generation {
    Generation {
        max_tokens,
        sampling: Sampling::default(),
        end_tokens: vec![],
        cache: VectorType::F32,
    }
}

#[test]
fn greedy_tokens_are_those_of_the_formulas() {
    let engine = engine(false, Format::Bitmap);
    let prompts = [tokens(4, 0), tokens(9, 3)];
    let mut seen = vec![Vec::new(), Vec::new()];
    let results = generate(&engine, &prompts, &generation(6), |sequence, token| {
        seen[sequence].push(token)
    })
    .expect("runs");
    for ((prompt, (new, stop)), seen) in prompts.iter().zip(&results).zip(&seen) {
        assert_eq!((new.len(), *stop), (6, Stop::MaxTokens));
        assert_eq!(new, seen);
        let mut tokens = prompt.clone();
        for token in new {
            let logits = naive(engine.weights(), &tokens).pop().expect("a prompt has tokens");
            let best = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert!(best - logits[*token as usize] < 1e-3);
            tokens.push(*token);
        }
    }
    // An end token ends its sequence only, and is left out.
    let end = results[0].0[2];
    let length = |tokens: &[u32]| tokens.iter().position(|token| *token == end);
    let mut ended = generation(6);
    ended.end_tokens = vec![end];
    let shorter = generate(&engine, &prompts, &ended, |_, _| {}).expect("runs");
    for ((short, stop), (long, _)) in shorter.iter().zip(&results) {
        match length(long) {
            Some(length) => assert_eq!((short.as_slice(), *stop), (&long[..length], Stop::End)),
            None => assert_eq!((short, *stop), (long, Stop::MaxTokens)),
        }
    }
}

#[test]
fn sequences_end_where_the_positions_end() {
    let engine = engine(true, Format::Dense);
    let results = generate(&engine, &[tokens(697, 0)], &generation(100), |_, _| {}).expect("runs");
    // Three positions are left, and the last token needs none.
    assert_eq!((results[0].0.len(), results[0].1), (4, Stop::ContextFull));
    let none = generate(&engine, &[vec![1]], &generation(0), |_, _| {}).expect("runs");
    assert_eq!(none, [(vec![], Stop::MaxTokens)]);
}

#[test]
fn sampling_repeats_with_its_seed() {
    let engine = engine(true, Format::Dense);
    let run = |seed| {
        let mut generation = generation(30);
        generation.sampling = Sampling {
            temperature: 2.0,
            top_k: 40,
            top_p: 0.95,
            seed,
        };
        generate(&engine, &[tokens(3, 0), tokens(3, 0)], &generation, |_, _| {}).expect("runs")
    };
    let first = run(1);
    assert_eq!(first, run(1));
    assert_ne!(first, run(2));
    assert_ne!(first[0], first[1]);
}
