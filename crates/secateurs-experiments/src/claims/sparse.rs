//! Packed models: size and speed beside quality.
//!
//! Expected: the file shrinks as the bytes of the formats say, decoding is faster from about half of the weights on where
//! they come from memory, perplexity of 16-bit values is that of the pruned model and that of 8-bit integers close to it. The
//! controls are the dense model, and the pruned model stored densely: what pruning alone gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use secateurs::data::{Checkpoint, read_text};
use secateurs::runtime::{Engine, EngineConfig, LlamaWeights, MeasureConfig, measure, read_bandwidth};
use secateurs::sparse::{Format, Group, ValueType};
use secateurs::tensor::{NmPattern, Pattern, Sparsity};
use secateurs::{FormatChoice, Method, Overwrite, PackConfig, evaluate_packed, first_windows, pack_checkpoint};

use super::language_model::{Case, case, cell_name, pattern_name, progress, prune};
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row, Tier};
use crate::report::charts_along;
use secateurs_chart::Scale;

/// What prunes: the best of the methods that take seconds.
const METHOD: Method = Method::SparseGpt;

const INT8: ValueType = ValueType::Int8(Group::USUAL);

/// How a pruned model is stored: a name, the values of the blocks and of the head, and how formats are found.
type Packing = (&'static str, ValueType, ValueType, FormatChoice);

const DENSE: Packing = (
    "dense f16",
    ValueType::F16,
    ValueType::F16,
    FormatChoice::Always(Format::Dense),
);

const PACKINGS: [Packing; 4] = [
    (
        "pruned, dense f16",
        ValueType::F16,
        ValueType::F16,
        FormatChoice::Always(Format::Dense),
    ),
    ("packed f16", ValueType::F16, ValueType::F16, FormatChoice::BySparsity),
    ("packed f16, head int8", ValueType::F16, INT8, FormatChoice::BySparsity),
    ("packed int8", INT8, INT8, FormatChoice::BySparsity),
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
    let mut patterns = patterns()?;
    patterns.retain(|pattern| setting.wants(&cell_name(METHOD, *pattern, 0)));
    let bar = progress(patterns.len());
    let folder = folder.path();
    let dense = Model::pack(DENSE, None, &case.model, folder)?;
    dense.add_rows(&case, &mut outcome)?;
    let mut reference = Vec::new();
    for pattern in patterns {
        let pruned = folder.join("pruned");
        bar.set_message(format!("{METHOD} {pattern}"));
        prune(
            &case,
            setting,
            (METHOD, pattern, 0),
            (&pruned, Overwrite::Never),
            &mut |_| {},
        )?;
        let pack = |packing| Model::pack(packing, Some(pattern), &pruned, folder);
        let models: Vec<Model> = PACKINGS.into_iter().map(pack).collect::<Result<_, _>>()?;
        bar.set_message(format!("quality at {pattern}"));
        models
            .iter()
            .try_for_each(|model| model.add_rows(&case, &mut outcome))?;
        bar.set_message(format!("speed at {pattern}"));
        reference.push(add_speeds(&case, &dense, &models, setting, &mut outcome)?);
        models.into_iter().try_for_each(Model::remove)?;
        remove(&pruned)?;
        bar.inc(1);
    }
    for (metric, value) in ["decode_tokens_per_second", "prefill_tokens_per_second"]
        .into_iter()
        .zip(medians(&reference).into_iter().flatten())
    {
        outcome.rows.push(dense.row(&case, metric, value));
    }
    bar.finish_and_clear();
    let bandwidth = read_bandwidth(&dense.engine);
    dense.remove()?;
    outcome.notes.push(format!(
        "Pruned by {METHOD}. Decoding of one sequence; models of one pattern take turns with the dense one, and speed-ups are \
         over it in those turns. {:.1} GB/s read from memory by the same threads; a model smaller than the processor's caches is \
         bounded by arithmetic, not by memory.",
        bandwidth / 1e9
    ));
    outcome.seconds = started.elapsed().as_secs_f64();
    let plots = charts_along(&outcome, "sparsity", Scale::Log);
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

/// Speeds of models and of the dense one, in turns; returns what the dense one reached: tokens decoded and read per second.
fn add_speeds(
    case: &Case,
    dense: &Model,
    models: &[Model],
    setting: &Setting,
    outcome: &mut Outcome,
) -> Result<[f64; 2], ExperimentError> {
    let max_positions = dense.engine.weights().config.max_positions;
    let lengths = match setting.tier {
        Tier::Quick => MeasureConfig {
            prompt_tokens: (max_positions / 2).min(256),
            new_tokens: (max_positions / 4).min(128),
            ..MeasureConfig::default()
        },
        Tier::Full => MeasureConfig::default(),
    };
    let engines: Vec<&Engine> = [dense].into_iter().chain(models).map(|model| &model.engine).collect();
    let speeds = measure(&engines, &lengths, &mut |_, _| {}).map_err(secateurs::Error::from)?;
    let bandwidth = read_bandwidth(&dense.engine);
    let (of_dense, speeds) = speeds.split_first().expect("one for each engine");
    for (model, speed) in models.iter().zip(speeds) {
        let decode = speed.decode_tokens_per_second;
        let prefill = speed.prefill_tokens_per_second;
        for (metric, value) in [
            ("decode_tokens_per_second", decode),
            ("decode_speedup", decode / of_dense.decode_tokens_per_second),
            ("prefill_tokens_per_second", prefill),
            ("prefill_speedup", prefill / of_dense.prefill_tokens_per_second),
            ("bandwidth_share", speed.bytes_per_second() / bandwidth),
        ] {
            outcome.rows.push(model.row(case, metric, value));
        }
    }
    Ok([of_dense.decode_tokens_per_second, of_dense.prefill_tokens_per_second])
}

fn medians(runs: &[[f64; 2]]) -> Option<[f64; 2]> {
    let of_column = |index: usize| {
        let mut values: Vec<f64> = runs.iter().map(|run| run[index]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some([of_column(0)?, of_column(1)?])
}

/// One stored model, ready to run.
struct Model {
    name: &'static str,
    /// `None` for the model before pruning.
    pattern: Option<Pattern>,
    folder: PathBuf,
    engine: Engine,
}

impl Model {
    fn pack(
        (name, values, head, format): Packing,
        pattern: Option<Pattern>,
        model: &Path,
        folder: &Path,
    ) -> Result<Self, ExperimentError> {
        let folder = folder.join(name);
        let config = PackConfig {
            values,
            head,
            format,
            ..PackConfig::default()
        };
        pack_checkpoint(model, &folder, &config, Overwrite::Never, &mut |_, _| {})?;
        let weights = LlamaWeights::load(&Checkpoint::open(&folder)?, values).map_err(secateurs::Error::from)?;
        let engine = Engine::new(weights, EngineConfig::default()).map_err(secateurs::Error::from)?;
        Ok(Self {
            name,
            pattern,
            folder,
            engine,
        })
    }

    /// Size and quality.
    fn add_rows(&self, case: &Case, outcome: &mut Outcome) -> Result<(), ExperimentError> {
        let bytes = fs::metadata(self.folder.join("model.safetensors")).map_or(0, |metadata| metadata.len());
        let tokenizer = Checkpoint::open(&self.folder)?.tokenizer()?;
        let windows = first_windows(&tokenizer, &read_text(&case.test)?, case.test_windows, "the text")?;
        let perplexity = evaluate_packed(&self.engine, &windows, &mut |_, _| {});
        let perplexity = match perplexity.map(|evaluation| evaluation.perplexity) {
            Err(secateurs::Error::LossNotFinite { .. }) => f64::INFINITY,
            other => other?,
        };
        outcome.rows.push(self.row(case, "perplexity", perplexity));
        outcome
            .rows
            .push(self.row(case, "file_mib", bytes as f64 / f64::from(1 << 20)));
        Ok(())
    }

    fn row(&self, case: &Case, metric: &str, value: f64) -> Row {
        let row = Row::new(self.name, metric, value).case("dataset", case.dataset);
        let is_control = self.name.contains("dense");
        let row = if is_control { row.control() } else { row };
        match self.pattern {
            None => row.case("pattern", "unstructured"),
            Some(pattern) => row
                .case("pattern", pattern_name(pattern))
                .case("sparsity", pattern.sparsity()),
        }
    }

    fn remove(self) -> Result<(), ExperimentError> {
        // The engine maps the file.
        drop(self.engine);
        remove(&self.folder)
    }
}

fn remove(folder: &Path) -> Result<(), ExperimentError> {
    fs::remove_dir_all(folder).map_err(|source| ExperimentError::Read {
        path: folder.to_owned(),
        source,
    })
}
