//! `secateurs eval --text`

use std::path::Path;
use std::time::Instant;

use secateurs::data::Checkpoint;
use secateurs::models::ModelShape;
use secateurs::runtime::{Engine, EngineConfig, LlamaWeights};
use secateurs::sparse::ValueType;
use secateurs::{
    Evaluation, TextWindows, all_windows, check_window, evaluate_on_windows, evaluate_packed, first_windows, is_packed,
    peak_rss_bytes, read_plain_text,
};
use serde::Serialize;

use super::options::EvalArgs;
use crate::error::CliError;
use crate::terminal::print::{print, print_json};
use crate::terminal::screen::Screen;
use crate::terminal::units::{bytes, percent, seconds};

const WHAT: &str = "the text";

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct EvalResult {
    perplexity: f64,
    windows: usize,
    window: usize,
    tokens: usize,
    tokens_per_second: f64,
    sparsity: f64,
    seconds: f64,
    peak_rss_bytes: Option<u64>,
}

/// Measures the perplexity of a model on a text.
pub(super) fn run(args: &EvalArgs, text: &Path, screen: &Screen) -> Result<(), CliError> {
    let started = Instant::now();
    let evaluation = evaluate(args, text, screen)?;
    let result = EvalResult {
        perplexity: evaluation.perplexity,
        windows: evaluation.windows,
        window: args.window as usize,
        tokens: evaluation.tokens,
        tokens_per_second: evaluation.tokens_per_second,
        sparsity: evaluation.sparsity,
        seconds: started.elapsed().as_secs_f64(),
        peak_rss_bytes: peak_rss_bytes(),
    };
    if args.json {
        print_json(&result)
    } else {
        print(&describe(&result))
    }
}

fn evaluate(args: &EvalArgs, text: &Path, screen: &Screen) -> Result<Evaluation, CliError> {
    let checkpoint = Checkpoint::open(&args.model)?;
    let is_packed = is_packed(&checkpoint);
    if is_packed && args.device.is_given() {
        return Err(CliError::IdleDevice);
    }
    let device = args.device.open()?;
    let window = args.window as usize;
    let shape = ModelShape::describe(&checkpoint)?;
    check_window(&shape, window)?;
    let text = read_plain_text(text)?;
    let tokenizer = checkpoint.tokenizer()?;
    let wanted = |count| TextWindows {
        text: &text,
        count,
        length: window,
    };
    let windows = match args.windows {
        Some(count) => first_windows(&tokenizer, &wanted(count as usize), WHAT),
        None => all_windows(&tokenizer, &wanted(1), WHAT),
    }?;
    let bar = args.bar(screen, windows.len());
    bar.say("windows".into());
    if is_packed {
        let weights = LlamaWeights::load(&checkpoint, ValueType::F32).map_err(secateurs::Error::from)?;
        let engine = Engine::new(weights, EngineConfig::default()).map_err(secateurs::Error::from)?;
        bar.restart();
        return Ok(evaluate_packed(&engine, &windows, &mut |done, _| bar.set(done))?);
    }
    let mut listener = |done, _| match done {
        0 => bar.restart(),
        done => bar.set(done),
    };
    Ok(evaluate_on_windows(&checkpoint, &windows, &device, &mut listener)?)
}

fn describe(result: &EvalResult) -> String {
    let memory = result
        .peak_rss_bytes
        .map(|peak| format!(", {} peak memory", bytes(peak)))
        .unwrap_or_default();
    format!(
        "perplexity {:.4} over {} windows of {} tokens\n{} of the prunable weights are zero\n{:.0} tokens/s, {} total{memory}\n",
        result.perplexity,
        result.windows,
        result.window,
        percent(result.sparsity),
        result.tokens_per_second,
        seconds(result.seconds),
    )
}
