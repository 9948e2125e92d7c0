//! `secateurs bench`

use std::path::Path;
use std::time::Instant;

use secateurs::data::Checkpoint;
use secateurs::runtime::{Engine, LlamaWeights, MeasureConfig, measure, read_bandwidth};
use serde::Serialize;

use crate::args::BenchArgs;
use crate::error::CliError;
use crate::output::{Table, bytes, percent, print, print_json};

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct BenchResult {
    threads: usize,
    instruction_set: String,
    prompt_tokens: usize,
    new_tokens: usize,
    read_bytes_per_second: f64,
    models: Vec<ModelSpeed>,
}

/// Speed of one model.
#[derive(Debug, Serialize)]
struct ModelSpeed {
    model: String,
    load_seconds: f64,
    weight_bytes: usize,
    prefill_tokens_per_second: f64,
    decode_tokens_per_second: f64,
    bytes_per_token: f64,
    /// Of what the threads can read from memory.
    bandwidth_share: f64,
}

/// Measures how fast a model runs, alone or beside another.
pub(crate) fn run(args: &BenchArgs) -> Result<(), CliError> {
    let config = MeasureConfig {
        prompt_tokens: args.prompt_tokens as usize,
        new_tokens: args.new_tokens as usize,
        repeats: args.repeats as usize,
        cache: args.engine.cache(),
    };
    let mut read_bytes_per_second = 0.0;
    let mut models = Vec::new();
    for path in [Some(&args.model), args.against.as_ref()].into_iter().flatten() {
        let started = Instant::now();
        let engine = load(path, args)?;
        let load_seconds = started.elapsed().as_secs_f64();
        if models.is_empty() {
            read_bytes_per_second = read_bandwidth(&engine);
        }
        let speed = measure(&engine, &config).map_err(secateurs::Error::from)?;
        models.push(ModelSpeed {
            model: path.display().to_string(),
            load_seconds,
            weight_bytes: engine.weights().n_bytes(),
            prefill_tokens_per_second: speed.prefill_tokens_per_second,
            decode_tokens_per_second: speed.decode_tokens_per_second,
            bytes_per_token: speed.bytes_per_token,
            bandwidth_share: speed.bytes_per_second() / read_bytes_per_second,
        });
    }
    let engine_config = args.engine.config()?;
    let result = BenchResult {
        threads: engine_config.threads(),
        instruction_set: engine_config.level.to_string(),
        prompt_tokens: config.prompt_tokens,
        new_tokens: config.new_tokens,
        read_bytes_per_second,
        models,
    };
    if args.json {
        print_json(&result)
    } else {
        print(&describe(&result))
    }
}

fn load(path: &Path, args: &BenchArgs) -> Result<Engine, CliError> {
    let checkpoint = Checkpoint::open(path)?;
    let weights = LlamaWeights::load(&checkpoint, args.engine.dense()).map_err(secateurs::Error::from)?;
    Ok(Engine::new(weights, args.engine.config()?).map_err(secateurs::Error::from)?)
}

fn describe(result: &BenchResult) -> String {
    let mut table = Table::new(&[
        "model",
        "weights",
        "load",
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
            format!("{:.1} tokens/s", model.prefill_tokens_per_second),
            format!("{:.1} tokens/s", model.decode_tokens_per_second),
            bytes(model.bytes_per_token as u64),
            percent(model.bandwidth_share),
        ]);
    }
    let ratio = match &result.models[..] {
        [this, other] => format!(
            "\n{:.2} times the prefill and {:.2} times the decoding speed of {}\n",
            this.prefill_tokens_per_second / other.prefill_tokens_per_second,
            this.decode_tokens_per_second / other.decode_tokens_per_second,
            other.model,
        ),
        _ => String::new(),
    };
    format!(
        "{} threads, {}, {} prompt tokens, {} new tokens, {:.1} GB/s read from memory\n\n{}{ratio}",
        result.threads,
        result.instruction_set,
        result.prompt_tokens,
        result.new_tokens,
        result.read_bytes_per_second / 1e9,
        table.render(),
    )
}
