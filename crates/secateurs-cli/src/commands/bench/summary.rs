//! Speeds of models, for people and for programs.

use serde::Serialize;

use crate::terminal::table::Table;
use crate::terminal::units::{bytes, percent};

/// The object of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct BenchResult {
    pub(super) threads: usize,
    pub(super) instruction_set: String,
    pub(super) prompt_tokens: usize,
    pub(super) new_tokens: usize,
    pub(super) batch: usize,
    pub(super) read_bytes_per_second: f64,
    pub(super) copy_bytes_per_second: f64,
    pub(super) models: Vec<ModelSpeed>,
}

/// Speed of one model.
#[derive(Debug, Serialize)]
pub(super) struct ModelSpeed {
    pub(super) model: String,
    pub(super) load_seconds: f64,
    /// Time from opening the file to the logits of one token; every weight was read once.
    pub(super) first_token_seconds: f64,
    pub(super) weight_bytes: usize,
    pub(super) prefill_tokens_per_second: f64,
    pub(super) decode_tokens_per_second: f64,
    pub(super) bytes_per_token: f64,
    /// Share of the speed at which the threads can read memory.
    pub(super) bandwidth_share: f64,
}

/// The result for people.
pub(super) fn describe(result: &BenchResult) -> String {
    let mut table = Table::new(&[
        "model",
        "weights",
        "load",
        "first token",
        "prefill",
        "decode",
        "read per token",
        "bandwidth used",
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

/// The ratio of two speeds, and a word if packing gained nothing.
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
