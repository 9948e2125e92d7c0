//! Results of a pruning run, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use secateurs::PruneOutcome;
use secateurs::tensor::{Event, LayerReport, Report, requested_sparsity};
use serde::Serialize;

use crate::terminal::cost::describe_cost;
use crate::terminal::layer_names::block_of;
use crate::terminal::print::lossy_path;
use crate::terminal::table::Table;
use crate::terminal::units::{bytes, percent, seconds};

/// The result of a pruning run; the object of `--json`.
#[derive(Debug, Serialize)]
pub(crate) struct PruneResult {
    method: String,
    pattern: String,
    requested_sparsity: f64,
    sparsity: f64,
    solve_seconds: f64,
    total_seconds: f64,
    peak_rss_bytes: Option<u64>,
    #[serde(serialize_with = "lossy_path")]
    out: PathBuf,
    layers: usize,
    /// Layers per kind of event.
    events: BTreeMap<&'static str, usize>,
    notes: Vec<String>,
}

impl PruneResult {
    /// The result of a run into `out`.
    pub(crate) fn new(outcome: &PruneOutcome, out: &Path) -> Self {
        let report = &outcome.report;
        let mut events = BTreeMap::new();
        for event in report.layers.iter().flat_map(|layer| &layer.events) {
            *events.entry(kind(event)).or_insert(0) += 1;
        }
        Self {
            method: report.method.clone(),
            pattern: report.pattern.clone(),
            requested_sparsity: report.requested_sparsity(),
            sparsity: report.sparsity(),
            solve_seconds: outcome.solve_seconds,
            total_seconds: outcome.total_seconds,
            peak_rss_bytes: report.peak_rss_bytes,
            out: out.to_owned(),
            layers: report.layers.len(),
            events,
            notes: report.notes.clone(),
        }
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::DampingRaised { .. } => "damping-raised",
        Event::FellBack { .. } => "fell-back",
        Event::DeadInputs { .. } => "dead-inputs",
        Event::NotConverged { .. } => "not-converged",
        Event::Converged { .. } => "converged",
    }
}

/// The summary for people.
pub(crate) fn describe(report: &Report, result: &PruneResult) -> String {
    let mut text = blocks(report);
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "\n{} {}: {} of the weights of {} layers are zero (requested: {})",
        result.method,
        result.pattern,
        percent(result.sparsity),
        result.layers,
        percent(result.requested_sparsity)
    );
    let memory = result
        .peak_rss_bytes
        .map(|peak| format!(", {} peak memory", bytes(peak)))
        .unwrap_or_default();
    let _ = writeln!(
        text,
        "{} solving, {} total{memory}",
        seconds(result.solve_seconds),
        seconds(result.total_seconds)
    );
    if let Some(cost) = &report.cost {
        let _ = writeln!(text, "{}", describe_cost(cost));
    }
    text.push_str(&events(report));
    for note in &result.notes {
        let _ = writeln!(text, "note: {note}");
    }
    let out = result.out.display();
    let _ = writeln!(text, "{out} holds the model, recipe.toml and report.json. Next:");
    let _ = writeln!(text, "  secateurs eval {out} --text FILE");
    text
}

/// One row a block.
fn blocks(report: &Report) -> String {
    let mut table = Table::new(&["block", "layers", "requested", "zero", "worst error", "solving"]);
    for layers in report.layers.chunk_by(|a, b| block_of(&a.path) == block_of(&b.path)) {
        let weights: usize = layers.iter().map(LayerReport::n_weights).sum();
        let zeros: usize = layers.iter().map(|layer| layer.pruned).sum();
        let worst = layers.iter().filter_map(|layer| layer.relative_error).reduce(f64::max);
        table.row([
            block_of(&layers[0].path).to_owned(),
            layers.len().to_string(),
            percent(requested_sparsity(layers)),
            percent(zeros as f64 / weights.max(1) as f64),
            worst.map_or("-".into(), |error| format!("{error:.4}")),
            seconds(layers.iter().map(|layer| layer.seconds).sum()),
        ]);
    }
    table.render()
}

/// One line a kind of event that the reader should know of, with the first as an example.
fn events(report: &Report) -> String {
    let mut first: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for layer in &report.layers {
        for event in layer
            .events
            .iter()
            .filter(|event| !matches!(event, Event::Converged { .. }))
        {
            first
                .entry(kind(event))
                .or_insert_with(|| (0, format!("{}: {event}", layer.path)))
                .0 += 1;
        }
    }
    first
        .into_iter()
        .fold(String::new(), |mut text, (kind, (count, example))| {
            let _ = writeln!(text, "{kind} in {count} layers, first {example}");
            text
        })
}
