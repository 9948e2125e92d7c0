//! `secateurs eval --traces`

use std::path::Path;
use std::time::Instant;

use secateurs::data::Checkpoint;
use secateurs::models::ModelShape;
use secateurs::{Fidelity, PartFidelity, Trace, TraceReader, fidelity, peak_rss_bytes};
use serde::Serialize;

use super::options::EvalArgs;
use crate::error::CliError;
use crate::terminal::print::{print, print_json};
use crate::terminal::screen::Screen;
use crate::terminal::table::Table;
use crate::terminal::units::{bytes, seconds};

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct FidelityResult {
    #[serde(flatten)]
    fidelity: Fidelity,
    /// Whether the dense model wrote the traces.
    on_policy: bool,
    seconds: f64,
    peak_rss_bytes: Option<u64>,
}

/// Files of a comparison.
pub(super) struct Compared<'a> {
    pub(super) traces: &'a Path,
    pub(super) dense: &'a Path,
}

/// Measures how far a model is from the dense one on traces.
pub(super) fn run(args: &EvalArgs, files: &Compared<'_>, screen: &Screen) -> Result<(), CliError> {
    let started = Instant::now();
    let device = args.device.open()?;
    let (dense, pruned) = (Checkpoint::open(files.dense)?, Checkpoint::open(&args.model)?);
    let shape = ModelShape::describe(&dense)?;
    let reader = TraceReader::open(files.traces, shape.vocab_size)?;
    let on_policy = reader.header().model == dense.fingerprint()?;
    let limit = args.limit.map_or(usize::MAX, |limit| limit as usize);
    let traces = reader.take(limit).collect::<Result<Vec<Trace>, _>>()?;
    let bar = args.bar(screen, traces.len());
    bar.say("traces".into());
    let fidelity = fidelity(&dense, &pruned, &traces, &device, &mut |done, _| bar.set(done))?;
    drop(bar);
    let result = FidelityResult {
        fidelity,
        on_policy,
        seconds: started.elapsed().as_secs_f64(),
        peak_rss_bytes: peak_rss_bytes(),
    };
    if args.json {
        print_json(&result)
    } else {
        print(&describe(&result))
    }
}

fn describe(result: &FidelityResult) -> String {
    let headings = [
        "tokens of",
        "predicted",
        "KL",
        "loss",
        "dense loss",
        "hidden error",
        "distance",
    ];
    let mut table = Table::new(&headings);
    for (name, part) in [
        ("prompts", &result.fidelity.prompt),
        ("continuations", &result.fidelity.decode),
    ] {
        table.row(row(name, part));
    }
    let policy = match result.on_policy {
        true => "",
        false => "note: the dense model did not write these traces\n",
    };
    let memory = result
        .peak_rss_bytes
        .map(|peak| format!(", {} peak memory", bytes(peak)))
        .unwrap_or_default();
    format!(
        "{}{} traces, {} total{memory}\n{policy}",
        table.render(),
        result.fidelity.traces,
        seconds(result.seconds)
    )
}

fn row(name: &str, part: &PartFidelity) -> [String; 7] {
    let number = |value: f64| match value.is_finite() {
        true => format!("{value:.4}"),
        false => "-".to_owned(),
    };
    [
        name.to_owned(),
        part.predicted_tokens.to_string(),
        number(part.kl),
        number(part.nll_pruned),
        number(part.nll_dense),
        number(part.hidden_error),
        number(part.hidden_distance),
    ]
}
