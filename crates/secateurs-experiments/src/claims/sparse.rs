//! Packed models: size and speed beside quality.
//!
//! Expected: the file shrinks as the bytes of the formats say, decoding is faster from about half of the weights on where
//! they come from memory, perplexity of 16-bit values is that of the pruned model and that of 8-bit integers close to it. The
//! controls are the dense model, and the pruned model stored densely: what pruning alone gives.

use std::fs;
use std::path::Path;
use std::time::Instant;

use secateurs::data::{Checkpoint, read_text};
use secateurs::runtime::{Engine, EngineConfig, LlamaWeights, MeasureConfig, measure, read_bandwidth};
use secateurs::sparse::{Format, Group, ValueType};
use secateurs::tensor::{NmPattern, Pattern, Sparsity};
use secateurs::{Method, Overwrite, PackConfig, evaluate_packed, first_windows, pack_checkpoint};

use super::layerwise::{Case, case, pattern_name, progress, prune};
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row, Tier};
use crate::plot::{Scale, plots};

/// What prunes: the best of the methods that take seconds.
const METHOD: Method = Method::SparseGpt;

/// How a pruned model is stored.
const PACKINGS: [(&str, ValueType, Option<Format>); 3] = [
    ("pruned, dense f16", ValueType::F16, Some(Format::Dense)),
    ("packed f16", ValueType::F16, None),
    ("packed int8", ValueType::Int8(Group::USUAL), None),
];

/// Runs the claim.
///
/// # Errors
///
/// If data are missing or a run fails.
pub fn run(setting: &Setting) -> Result<(Outcome, Plots), ExperimentError> {
    let started = Instant::now();
    let case = case(setting.tier)?;
    let mut outcome = Outcome::new("sparse", setting.tier, &setting.device_name);
    outcome.title = "Packed models: size and speed beside quality".into();
    outcome.reference = "compressed-tensors sparse-bitmask; MACKO (2511.13061) for what others report on GPUs".into();
    outcome.seeds = vec![0];
    outcome.notes = case.notes.clone();
    let folder = tempfile::tempdir().map_err(|source| ExperimentError::Read {
        path: std::env::temp_dir(),
        source,
    })?;
    let patterns = patterns()?;
    let bar = progress(1 + patterns.len() * PACKINGS.len());
    let dense = Packing {
        case: &case,
        name: "dense f16",
        pattern: None,
    };
    let bandwidth = dense.measure(
        &case.model,
        &folder.path().join("dense"),
        PACKINGS[0],
        setting,
        &mut outcome,
    )?;
    bar.inc(1);
    for pattern in patterns {
        let pruned = folder.path().join("pruned");
        bar.set_message(format!("{METHOD} {pattern}"));
        prune(&case, setting, (METHOD, pattern, 0), &pruned)?;
        for packing in PACKINGS {
            bar.set_message(format!("{} {pattern}", packing.0));
            let measured = Packing {
                case: &case,
                name: packing.0,
                pattern: Some(pattern),
            };
            measured.measure(&pruned, &folder.path().join("packed"), packing, setting, &mut outcome)?;
            bar.inc(1);
        }
        remove(&pruned)?;
    }
    bar.finish_and_clear();
    outcome.notes.push(format!(
        "Pruned by {METHOD}. Decoding of one sequence; {:.1} GB/s read from memory by the same threads. A model smaller than \
         the processor's caches is bounded by arithmetic, not by memory.",
        bandwidth / 1e9
    ));
    outcome.seconds = started.elapsed().as_secs_f64();
    let plots = plots(&outcome, "sparsity", Scale::Log);
    Ok((outcome, plots))
}

fn patterns() -> Result<Vec<Pattern>, ExperimentError> {
    let mut patterns = Vec::new();
    for sparsity in [0.5, 0.7, 0.9] {
        patterns.push(Pattern::Unstructured(Sparsity::new(sparsity)?));
    }
    patterns.push(Pattern::Nm("2:4".parse::<NmPattern>()?));
    Ok(patterns)
}

/// One stored model.
struct Packing<'a> {
    case: &'a Case,
    name: &'static str,
    /// `None` for the model before pruning.
    pattern: Option<Pattern>,
}

impl Packing<'_> {
    /// Packs, measures and removes a model; returns the bandwidth of the engine's threads.
    fn measure(
        &self,
        model: &Path,
        out: &Path,
        (_, values, format): (&str, ValueType, Option<Format>),
        setting: &Setting,
        outcome: &mut Outcome,
    ) -> Result<f64, ExperimentError> {
        let config = PackConfig {
            values,
            head: values,
            format,
        };
        pack_checkpoint(model, out, &config, Overwrite::Never, &mut |_, _| {})?;
        let size = |file: &str| fs::metadata(out.join(file)).map_or(0, |metadata| metadata.len());
        let bytes = size("model.safetensors");
        let checkpoint = Checkpoint::open(out)?;
        let weights = LlamaWeights::load(&checkpoint, values).map_err(secateurs::Error::from)?;
        let engine = Engine::new(weights, EngineConfig::default()).map_err(secateurs::Error::from)?;
        let max_positions = engine.weights().config.max_positions;
        let lengths = match setting.tier {
            Tier::Quick => MeasureConfig {
                prompt_tokens: (max_positions / 2).min(256),
                new_tokens: (max_positions / 4).min(128),
                ..MeasureConfig::default()
            },
            Tier::Full => MeasureConfig::default(),
        };
        let speed = measure(&engine, &lengths).map_err(secateurs::Error::from)?;
        let text = read_text(&self.case.test)?;
        let windows = first_windows(&checkpoint.tokenizer()?, &text, self.case.test_windows, "the text")?;
        let perplexity = evaluate_packed(&engine, &windows, &mut |_, _| {}).map(|evaluation| evaluation.perplexity);
        let perplexity = match perplexity {
            Err(secateurs::Error::LossNotFinite { .. }) => f64::INFINITY,
            other => other?,
        };
        let bandwidth = read_bandwidth(&engine);
        for (metric, value) in [
            ("perplexity", perplexity),
            ("file_mib", bytes as f64 / f64::from(1 << 20)),
            ("decode_tokens_per_second", speed.decode_tokens_per_second),
            ("prefill_tokens_per_second", speed.prefill_tokens_per_second),
            ("bandwidth_share", speed.bytes_per_second() / bandwidth),
        ] {
            outcome.rows.push(self.row(metric, value));
        }
        remove(out)?;
        Ok(bandwidth)
    }

    fn row(&self, metric: &str, value: f64) -> Row {
        let row = Row::new(self.name, metric, value).case("dataset", self.case.dataset);
        let is_control = self.name.contains("dense");
        let row = if is_control { row.control() } else { row };
        match self.pattern {
            None => row.case("pattern", "unstructured"),
            Some(pattern) => row
                .case("pattern", pattern_name(pattern))
                .case("sparsity", pattern.sparsity()),
        }
    }
}

fn remove(folder: &Path) -> Result<(), ExperimentError> {
    fs::remove_dir_all(folder).map_err(|source| ExperimentError::Read {
        path: folder.to_owned(),
        source,
    })
}
