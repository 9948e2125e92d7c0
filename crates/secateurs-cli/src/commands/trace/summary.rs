//! Results of a run, for people and for programs.

use std::path::{Path, PathBuf};

use secateurs::{Accuracy, TraceOutcome};
use serde::Serialize;

use crate::terminal::print::lossy_path;
use crate::terminal::units::{percent, seconds};

/// The object of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct TraceResult {
    #[serde(serialize_with = "lossy_path")]
    out: PathBuf,
    traces: usize,
    prompt_tokens: usize,
    new_tokens: usize,
    mean_new_tokens: f64,
    limited_share: f64,
    /// Absent if nothing was sampled.
    new_tokens_per_second: Option<f64>,
    accuracy: Option<f64>,
    answers: Option<Accuracy>,
    seconds: f64,
}

impl TraceResult {
    /// The result of a run into `out`.
    pub(super) fn new(out: &Path, outcome: &TraceOutcome, answers: Option<Accuracy>) -> Self {
        let sampled = outcome.sampled_tokens as f64 / outcome.sampling_seconds;
        Self {
            out: out.to_owned(),
            traces: outcome.traces,
            prompt_tokens: outcome.prompt_tokens,
            new_tokens: outcome.new_tokens,
            mean_new_tokens: outcome.mean_length(),
            limited_share: outcome.limited_share(),
            new_tokens_per_second: Some(sampled).filter(|_| outcome.sampled_tokens > 0),
            accuracy: answers.map(|answers| answers.share()),
            answers,
            seconds: outcome.seconds,
        }
    }
}

/// The summary for people.
pub(super) fn describe(result: &TraceResult) -> String {
    let speed = result.new_tokens_per_second;
    let speed = speed.map_or(String::new(), |speed| format!("{speed:.0} tokens/s, "));
    let answers = result.answers.map_or(String::new(), |answers| {
        format!(
            "{} of {} answers are right ({}), {} have none\n",
            answers.correct,
            answers.total,
            percent(answers.share()),
            answers.total - answers.answered
        )
    });
    let out = result.out.display();
    format!(
        "{out} holds {} traces: {} tokens of prompts, {} of continuations\n\
         {:.1} tokens per continuation, {} cut off by a limit\n{answers}\
         {speed}{} total\n\
         Next, calibrate on them:\n  secateurs prune MODEL -m sparsegpt -s 0.5 -c {out} -o FOLDER\n",
        result.traces,
        result.prompt_tokens,
        result.new_tokens,
        result.mean_new_tokens,
        percent(result.limited_share),
        seconds(result.seconds),
    )
}
