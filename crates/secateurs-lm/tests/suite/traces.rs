//! Calibration on traces and measures on them, against plain computations in f64.

use std::fs;

use burn::tensor::{Device, Tensor};
use secateurs_data::{Checkpoint, CheckpointWriter, FloatType};
use secateurs_lm::{
    Calibration, Method, Overwrite, PromptFile, PromptStyle, PruneJob, Recipe, TextCalibration, Trace,
    TraceCalibration, TraceConfig, TraceJob, TracePart, TraceReader, TraceSource, TraceStop, fidelity,
    prune_checkpoint, trace_prompts,
};
use secateurs_models::decoder::{LlamaConfig, LlamaStore, Rope, load_llama, planned_tensors};
use secateurs_prune::BlockStore;
use secateurs_runtime::EngineConfig;
use secateurs_sparse::{ValueType, VectorType};
use secateurs_tensor::{Observer, Pattern, Sparsity};
use tempfile::TempDir;

use crate::tiny::{VOCAB, write_model};

/// A model in `model` and its traces in `traces`, of different lengths.
struct Tiny {
    folder: TempDir,
    device: Device,
}

impl Tiny {
    fn new() -> Self {
        let tiny = Self {
            folder: tempfile::tempdir().expect("a folder can be made"),
            device: secateurs_testkit::device(),
        };
        write_model(&tiny.path("model"), |_, _| {});
        fs::write(tiny.path("prompts.txt"), "w1 w2 w3\nw4\nw5 w6 w7 w8 w9\n").expect("it can be written");
        let config = TraceConfig {
            style: PromptStyle::Raw,
            skip: 0,
            limit: None,
            source: TraceSource::Sampled {
                temperature: 1.0,
                top_p: 1.0,
                top_k: 0,
                seed: 3,
                max_new_tokens: 90,
                samples: 2,
            },
            batch: 16,
            engine: EngineConfig::default(),
            dense: ValueType::F32,
            cache: VectorType::F32,
        };
        let job = TraceJob {
            model: &tiny.path("model"),
            prompts: &PromptFile::read(&tiny.path("prompts.txt"), None).expect("there are prompts"),
            out: &tiny.path("traces"),
            config: &config,
            overwrite: Overwrite::Never,
        };
        let outcome = trace_prompts(&job, &mut |_| {}).expect("the model runs");
        assert_eq!((outcome.traces, outcome.prompt_tokens), (6, 18));
        tiny
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn checkpoint(&self, name: &str) -> Checkpoint {
        Checkpoint::open(&self.path(name)).expect("it is a model")
    }

    fn traces(&self) -> Vec<Trace> {
        let reader = TraceReader::open(&self.path("traces"), VOCAB).expect("they are traces");
        reader.collect::<Result<_, _>>().expect("every line is right")
    }

    fn calibration(&self, part: TracePart, tokens: Option<usize>) -> Calibration {
        Calibration::Traces(TraceCalibration {
            traces: self.path("traces"),
            part,
            tokens,
        })
    }

    fn prune(&self, method: Method, out: &str) {
        let half = Pattern::Unstructured(Sparsity::new(0.5).expect("less than one"));
        let mut recipe = Recipe::new(method, half);
        let calibration = || self.calibration(TracePart::Full, None);
        recipe.calibration = method.needs_calibration().then(calibration);
        let job = PruneJob {
            model: &self.path("model"),
            out: &self.path(out),
            recipe: &recipe,
            overwrite: Overwrite::Never,
            device: &self.device,
        };
        prune_checkpoint(&job, &mut |_| {}).expect("the model can be pruned");
    }
}

/// Counts what a linear sees.
#[derive(Default)]
struct Spy {
    rows: usize,
    squares: Vec<f64>,
}

impl Observer for Spy {
    fn observe(&mut self, paths: &[&str], input: &Tensor<2>) {
        if paths.contains(&"self_attn.q_proj.weight") {
            let [n, width] = input.dims();
            self.rows += n;
            self.squares.resize(width, 0.0);
            let values: Vec<f32> = input.to_data().try_to_vec().expect("f32");
            for row in values.chunks_exact(width) {
                self.squares
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, x)| *sum += f64::from(*x).powi(2));
            }
        }
    }
}

#[test]
fn sequences_are_those_of_the_traces_and_no_token_more() {
    let tiny = Tiny::new();
    let source = tiny.checkpoint("model");
    let traces = tiny.traces();
    assert!(traces.iter().any(|trace| trace.new_tokens.len() > 60));
    let of = |part, tokens| {
        tiny.calibration(part, tokens)
            .sequences(&source)
            .expect("enough")
            .sequences
    };
    let whole: Vec<Vec<u32>> = traces.iter().map(Trace::tokens).collect();
    assert_eq!(of(TracePart::Full, None), whole);
    let prompts: Vec<Vec<u32>> = traces.iter().map(|trace| trace.prompt_tokens.clone()).collect();
    assert_eq!(of(TracePart::Prompt, None), prompts);
    // Two prompts of three tokens, one of one, and the start of the next.
    assert_eq!(of(TracePart::Prompt, Some(7)), prompts[..3]);
    for budget in [1, 5, whole[0].len(), whole[0].len() + 1, 200] {
        let cut = of(TracePart::Full, Some(budget));
        assert_eq!(cut.iter().map(Vec::len).sum::<usize>(), budget);
        assert!(cut.iter().zip(&whole).all(|(cut, whole)| whole.starts_with(cut)));
    }
    let total: usize = whole.iter().map(Vec::len).sum();
    let error = tiny
        .calibration(TracePart::Full, Some(total + 1))
        .sequences(&source)
        .expect_err("too many");
    let expected = format!("have {total} tokens, calibration needs {}", total + 1);
    assert!(error.to_string().contains(&expected), "{error}");
}

#[test]
fn no_pad_token_reaches_a_gram_matrix() {
    let tiny = Tiny::new();
    let (source, sequences) = (tiny.checkpoint("model"), tiny.traces());
    let sequences: Vec<Vec<u32>> = sequences.iter().map(Trace::tokens).collect();
    let total: usize = sequences.iter().map(Vec::len).sum();
    let longest = sequences.iter().map(Vec::len).max().expect("there are traces");
    assert!(total < longest * sequences.len(), "the lengths differ");
    // What the pruning job does with sequences.
    let plan = planned_tensors(&LlamaConfig::from_json(source.config()).expect("a Llama"));
    let writer = CheckpointWriter::create(&tiny.path("unused"), plan, FloatType::F32).expect("the plan is valid");
    let store = LlamaStore::new(source, writer, longest, tiny.device.clone()).expect("a Llama");
    let block = store.load(0).expect("there is a block");
    let mut spy = Spy::default();
    for hidden in store.embed(&sequences).expect("tokens are in the vocabulary") {
        store.observe(&block, hidden, &mut spy);
    }
    assert_eq!(spy.rows, total);

    // And the job itself: Wanda's mask of the first layer follows from exactly these tokens.
    tiny.prune(Method::Wanda, "pruned");
    let name = "model.layers.0.self_attn.q_proj.weight";
    let dense = tiny.checkpoint("model").read_f32(name).expect("it is there");
    let pruned = tiny.checkpoint("pruned").read_f32(name).expect("it is there");
    for (dense, pruned) in dense.chunks_exact(16).zip(pruned.chunks_exact(16)) {
        let score = |index: usize| f64::from(dense[index].abs()) * spy.squares[index].sqrt();
        let mut order: Vec<usize> = (0..16).collect();
        order.sort_by(|a, b| score(*a).total_cmp(&score(*b)));
        assert!(order[..8].iter().all(|index| pruned[*index] == 0.0));
        assert!(order[8..].iter().all(|index| pruned[*index] != 0.0));
    }
}

/// Divergence, both losses and hidden distance, absolute and relative, summed over prompt and continuation, in f64.
fn naive_sums(dense: [&[Vec<f64>]; 2], pruned: [&[Vec<f64>]; 2], trace: &Trace) -> [[f64; 5]; 2] {
    let softmax = |logits: &[f64]| {
        let peak = logits.iter().copied().fold(f64::MIN, f64::max);
        let weights: Vec<f64> = logits.iter().map(|logit| (logit - peak).exp()).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect::<Vec<f64>>()
    };
    let tokens = trace.tokens();
    let part = |token: usize| usize::from(token >= trace.prompt_tokens.len());
    let mut sums = [[0.0; 5]; 2];
    for position in 0..tokens.len() {
        let (a, b) = (&dense[0][position], &pruned[0][position]);
        let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        sums[part(position)][3] += distance;
        sums[part(position)][4] += distance / a.iter().map(|a| a.powi(2)).sum::<f64>().sqrt();
        let Some(&next) = tokens.get(position + 1) else {
            continue;
        };
        let (p, q) = (softmax(&dense[1][position]), softmax(&pruned[1][position]));
        let kl: f64 = p.iter().zip(&q).map(|(p, q)| p * (p / q).ln()).sum();
        let values = [kl, -p[next as usize].ln(), -q[next as usize].ln()];
        values
            .into_iter()
            .enumerate()
            .for_each(|(index, value)| sums[part(position + 1)][index] += value);
    }
    sums
}

/// Hidden states and logits of every position.
fn outputs(checkpoint: &Checkpoint, tokens: &[u32], device: &Device) -> [Vec<Vec<f64>>; 2] {
    let (config, llama) = load_llama(checkpoint, device).expect("it loads");
    let ids: Vec<i64> = tokens.iter().map(|id| i64::from(*id)).collect();
    let ids = Tensor::from_data(burn::tensor::TensorData::new(ids, [1, tokens.len()]), device);
    let positions = Rope::new(&config, tokens.len(), device);
    let rows = |tensor: Tensor<3>| {
        let width = tensor.dims()[2];
        let values: Vec<f32> = tensor.into_data().try_to_vec().expect("f32");
        values
            .chunks_exact(width)
            .map(|row| row.iter().map(|x| f64::from(*x)).collect())
            .collect()
    };
    let ids: Tensor<2, burn::tensor::Int> = ids;
    [
        rows(llama.hidden(ids.clone(), &positions, &mut ())),
        rows(llama.logits(ids, &positions)),
    ]
}

#[test]
fn fidelity_is_that_of_a_plain_computation() {
    let tiny = Tiny::new();
    tiny.prune(Method::SparseGpt, "pruned");
    let (dense, pruned, mut traces) = (tiny.checkpoint("model"), tiny.checkpoint("pruned"), tiny.traces());
    // The sides of the split: a prompt of one token, and a continuation of none.
    traces.push(Trace {
        new_tokens: Vec::new(),
        stop: TraceStop::End,
        ..traces[0].clone()
    });
    let got = fidelity(&dense, &pruned, &traces, &tiny.device, &mut |_, _| {}).expect("both run");
    let mut sums = [[0.0; 5]; 2];
    for trace in &traces {
        let [a, b] = [&dense, &pruned].map(|model| outputs(model, &trace.tokens(), &tiny.device));
        let of_trace = naive_sums([&a[0], &a[1]], [&b[0], &b[1]], trace);
        for (sum, value) in sums.iter_mut().flatten().zip(of_trace.iter().flatten()) {
            *sum += value;
        }
    }
    let n_prompt: usize = traces.iter().map(|trace| trace.prompt_tokens.len()).sum();
    let n_new: usize = traces.iter().map(|trace| trace.new_tokens.len()).sum();
    assert_eq!(
        (got.prompt.predicted_tokens, got.prompt.tokens),
        (n_prompt - traces.len(), n_prompt)
    );
    assert_eq!((got.decode.predicted_tokens, got.decode.tokens), (n_new, n_new));
    for (part, sums) in [&got.prompt, &got.decode].into_iter().zip(sums) {
        let (predicted, tokens) = (part.predicted_tokens as f64, part.tokens as f64);
        let pairs = [
            (part.kl, sums[0] / predicted),
            (part.nll_dense, sums[1] / predicted),
            (part.nll_pruned, sums[2] / predicted),
            (part.hidden_distance, sums[3] / tokens),
            (part.hidden_error, sums[4] / tokens),
        ];
        for (got, expected) in pairs {
            // Logits in f32, from batches of different size.
            assert!((got - expected).abs() < 1e-5 * expected, "{got} is not {expected}");
            assert!(expected > 0.0);
        }
    }
}

#[test]
fn a_model_is_faithful_to_itself() {
    let tiny = Tiny::new();
    let model = tiny.checkpoint("model");
    let same = fidelity(&model, &model, &tiny.traces(), &tiny.device, &mut |_, _| {}).expect("it runs");
    for part in [&same.prompt, &same.decode] {
        assert_eq!((part.kl, part.hidden_distance, part.hidden_error), (0.0, 0.0, 0.0));
        assert_eq!(part.nll_dense, part.nll_pruned);
    }
    assert!(fidelity(&model, &model, &[], &tiny.device, &mut |_, _| {}).is_err());
}

#[test]
fn a_sampled_trace_is_likelier_for_its_model_than_for_the_pruned_one() {
    let tiny = Tiny::new();
    tiny.prune(Method::Magnitude, "pruned");
    let (dense, pruned) = (tiny.checkpoint("model"), tiny.checkpoint("pruned"));
    let got = fidelity(&dense, &pruned, &tiny.traces(), &tiny.device, &mut |_, _| {}).expect("both run");
    assert!(got.decode.nll_dense < got.decode.nll_pruned);
}

#[test]
fn recipes_name_a_text_or_traces() {
    let half = Pattern::Unstructured(Sparsity::new(0.5).expect("less than one"));
    let mut recipe = Recipe::new(Method::Wanda, half);
    let text = |window, windows, skip| {
        Calibration::Text(TextCalibration {
            text: "a.txt".into(),
            window,
            windows,
            skip,
        })
    };
    let traces = |part, tokens| {
        Calibration::Traces(TraceCalibration {
            traces: "t.jsonl".into(),
            part,
            tokens,
        })
    };
    for (table, expected) in [
        ("text = 'a.txt'", text(1024, 16, 0)),
        ("text = 'a.txt'\nwindow = 8\nwindows = 3\nskip = 2", text(8, 3, 2)),
        ("traces = 't.jsonl'", traces(TracePart::Full, None)),
        (
            "traces = 't.jsonl'\npart = 'prompt'\ntokens = 9",
            traces(TracePart::Prompt, Some(9)),
        ),
    ] {
        let read = Recipe::from_toml(&format!("method = 'wanda'\nsparsity = 0.5\n[calibration]\n{table}"));
        recipe.calibration = Some(expected);
        assert_eq!(read.expect("the recipe is right"), recipe, "{table}");
        let toml = recipe.to_toml().expect("it can be written");
        assert_eq!(Recipe::from_toml(&toml).expect("it can be read"), recipe, "{toml}");
    }
    for (table, part) in [
        ("", "either a text or traces"),
        ("text = 'a'\ntraces = 'b'", "either a text or traces"),
        ("text = 'a'\ntokens = 1", "tokens is a setting of traces"),
        ("traces = 'a'\nwindow = 1", "window is a setting of texts"),
        ("traces = 'a'\ntokens = 0", "at least one token"),
        ("traces = 'a'\npart = 'decode'", "decode"),
        ("text = 'a'\nlength = 1", "length"),
    ] {
        let read = Recipe::from_toml(&format!("method = 'wanda'\nsparsity = 0.5\n[calibration]\n{table}"));
        let error = read.expect_err("the recipe is wrong");
        let source = std::error::Error::source(&error)
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(source.contains(part), "{part:?} is not in {source:?}");
    }
}
