//! `secateurs bench`

use std::path::Path;
use std::time::Instant;

use secateurs::data::Checkpoint;
use secateurs::data::llama::LlamaConfig;
use secateurs::runtime::{
    Engine, LlamaWeights, MeasureConfig, Synthetic, copy_bandwidth, measure, one_billion, read_bandwidth,
};
use serde::Serialize;

use crate::command_line::{BenchArgs, SyntheticSize};
use crate::error::CliError;
use crate::terminal::output::{Table, bytes, percent, print, print_json};
use crate::terminal::progress::Bar;

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct BenchResult {
    threads: usize,
    instruction_set: String,
    prompt_tokens: usize,
    new_tokens: usize,
    batch: usize,
    read_bytes_per_second: f64,
    copy_bytes_per_second: f64,
    models: Vec<ModelSpeed>,
}

/// Speed of one model.
#[derive(Debug, Serialize)]
struct ModelSpeed {
    model: String,
    load_seconds: f64,
    /// From opening the file to the logits of one token: every weight was read once.
    first_token_seconds: f64,
    weight_bytes: usize,
    prefill_tokens_per_second: f64,
    decode_tokens_per_second: f64,
    bytes_per_token: f64,
    /// Of what the threads can read from memory.
    bandwidth_share: f64,
}

/// A model that is ready to be measured.
struct Loaded {
    name: String,
    engine: Engine,
    load_seconds: f64,
    first_token_seconds: f64,
}

/// Measures how fast a model runs, alone or beside another.
pub(crate) fn run(args: &BenchArgs) -> Result<(), CliError> {
    let config = MeasureConfig {
        prompt_tokens: args.prompt_tokens as usize,
        new_tokens: args.new_tokens as usize,
        batch: args.batch as usize,
        repeats: args.repeats as usize,
        cache: args.engine.cache(),
    };
    let loaded = match args.synthetic {
        Some(size) => synthetic(size, args)?,
        None => {
            let paths = [args.model.as_ref(), args.against.as_ref()];
            let loaded: Result<_, CliError> = paths.into_iter().flatten().map(|path| load(path, args)).collect();
            loaded?
        }
    };
    let engines: Vec<&Engine> = loaded.iter().map(|loaded| &loaded.engine).collect();
    let before = engines.first().map_or(0.0, |engine| read_bandwidth(engine));
    let bar = Bar::new("measuring", 0, false);
    let speeds = measure(&engines, &config, &mut |done, all| {
        bar.resize(all);
        bar.set(done);
    })
    .map_err(secateurs::Error::from)?;
    drop(bar);
    let read_bytes_per_second = engines.first().map_or(0.0, |engine| read_bandwidth(engine)).max(before);
    let copy_bytes_per_second = engines.first().map_or(0.0, |engine| copy_bandwidth(engine));
    let models = loaded.iter().zip(speeds).map(|(loaded, speed)| ModelSpeed {
        model: loaded.name.clone(),
        load_seconds: loaded.load_seconds,
        first_token_seconds: loaded.first_token_seconds,
        weight_bytes: loaded.engine.weights().n_bytes(),
        prefill_tokens_per_second: speed.prefill_tokens_per_second,
        decode_tokens_per_second: speed.decode_tokens_per_second,
        bytes_per_token: speed.bytes_per_token,
        bandwidth_share: speed.bytes_per_second() / read_bytes_per_second,
    });
    let engine_config = args.engine.config()?;
    let result = BenchResult {
        threads: engine_config.threads(),
        instruction_set: engine_config.level.to_string(),
        prompt_tokens: config.prompt_tokens,
        new_tokens: config.new_tokens,
        batch: config.batch,
        read_bytes_per_second,
        copy_bytes_per_second,
        models: models.collect(),
    };
    if args.json {
        print_json(&result)
    } else {
        print(&describe(&result))
    }
}

fn load(path: &Path, args: &BenchArgs) -> Result<Loaded, CliError> {
    let started = Instant::now();
    let checkpoint = Checkpoint::open(path)?;
    let weights = LlamaWeights::load(&checkpoint, args.engine.dense()).map_err(secateurs::Error::from)?;
    start(path.display().to_string(), weights, started, args)
}

/// Models of random weights, one for every share of zeros.
fn synthetic(size: SyntheticSize, args: &BenchArgs) -> Result<Vec<Loaded>, CliError> {
    let mut loaded = Vec::new();
    for sparsity in &args.sparsity {
        let synthetic = Synthetic {
            sparsity: *sparsity,
            values: args.values.into_type(),
            head: args.head.unwrap_or(args.values).into_type(),
            seed: 0,
        };
        let config = match size {
            SyntheticSize::OneBillion => one_billion(),
            SyntheticSize::Tiny => LlamaConfig {
                d_model: 64,
                d_ffn: 96,
                n_blocks: 2,
                n_heads: 4,
                n_kv_heads: 2,
                d_head: 16,
                vocab_size: 256,
                ..one_billion()
            },
        };
        let started = Instant::now();
        let bar = Bar::new("making", config.n_blocks, false);
        let weights = LlamaWeights::synthetic(config, &synthetic, &mut |done, _| bar.set(done));
        drop(bar);
        let weights = weights.map_err(secateurs::Error::from)?;
        loaded.push(start(format!("{} zero", percent(*sparsity)), weights, started, args)?);
    }
    Ok(loaded)
}

fn start(name: String, weights: LlamaWeights, started: Instant, args: &BenchArgs) -> Result<Loaded, CliError> {
    let engine = Engine::new(weights, args.engine.config()?).map_err(secateurs::Error::from)?;
    let load_seconds = started.elapsed().as_secs_f64();
    let mut cache = engine.cache(args.engine.cache());
    engine.prefill(&mut cache, &[0]).map_err(secateurs::Error::from)?;
    Ok(Loaded {
        name,
        engine,
        load_seconds,
        first_token_seconds: started.elapsed().as_secs_f64(),
    })
}

fn describe(result: &BenchResult) -> String {
    let mut table = Table::new(&[
        "model",
        "weights",
        "load",
        "first token",
        "prefill",
        "decode",
        "per token",
        "of bandwidth",
    ]);
    for model in &result.models {
        table.row([
            model.model.clone(),
            bytes(model.weight_bytes as u64),
            format!("{:.2} s", model.load_seconds),
            format!("{:.2} s", model.first_token_seconds),
            format!("{:.1} tokens/s", model.prefill_tokens_per_second),
            format!("{:.1} tokens/s", model.decode_tokens_per_second),
            bytes(model.bytes_per_token as u64),
            percent(model.bandwidth_share),
        ]);
    }
    let ratio = match &result.models[..] {
        [this, other] => ratio(this, other),
        _ => String::new(),
    };
    let sequences = match result.batch {
        1 => String::new(),
        batch => format!("{batch} sequences of "),
    };
    format!(
        "{} threads, {}, {}{} prompt tokens, {} new tokens, {:.1} GB/s read from memory, {:.1} copied\n\n{}{ratio}",
        result.threads,
        result.instruction_set,
        sequences,
        result.prompt_tokens,
        result.new_tokens,
        result.read_bytes_per_second / 1e9,
        result.copy_bytes_per_second / 1e9,
        table.render(),
    )
}

/// What packing gained, or that it did not.
fn ratio(this: &ModelSpeed, other: &ModelSpeed) -> String {
    let prefill = this.prefill_tokens_per_second / other.prefill_tokens_per_second;
    let decode = this.decode_tokens_per_second / other.decode_tokens_per_second;
    let verdict = match (prefill < 0.97, decode < 1.0) {
        (_, true) => format!("; {} decodes faster, so use that", other.model),
        (true, false) => "; reading prompts got slower".to_owned(),
        (false, false) => String::new(),
    };
    format!(
        "\n{prefill:.2} times the prefill and {decode:.2} times the decoding speed of {}{verdict}\n",
        other.model
    )
}
