//! Reasoning-Aware Compression: calibrating a layer-wise method on what the dense model itself decodes.
//!
//! Expected (arXiv 2509.12464): on decoded tokens the model calibrated on prompts and its own continuations (`rac`) stays
//! closest to the dense one, and the more so the sparser it is; on tokens of prompts, the one calibrated on prompts alone
//! does. `e_ratio` is the paper's `r_t`, for every arm: its hidden-state error over that of `rac`, so above 1 where `rac` is
//! better. Solutions of somebody else (`off-policy`) lie between `rac` and a general text (`corpus`).

mod case;

use std::path::{Path, PathBuf};
use std::time::Instant;

use secateurs::data::Checkpoint;
use secateurs::models::llama::{Llama, LlamaConfig, load_llama};
use secateurs::runtime::EngineConfig;
use secateurs::sparse::{SMALL_BATCH, ValueType, VectorType};
use secateurs::tensor::{Pattern, Sparsity};
use secateurs::{
    Calibration, Fidelity, Method, Overwrite, PromptFile, PruneJob, Recipe, TextCalibration, Trace, TraceCalibration,
    TraceConfig, TraceJob, TraceOutcome, TracePart, TraceReader, TraceSource, accuracy, fidelity_of, prune_checkpoint,
    reference_numbers, staging_path, trace_prompts,
};
use serde::{Deserialize, Serialize};

use self::case::{Case, case};
use super::kept::{folder, kept_cell, may_resume};
use super::layerwise::progress;
use super::{Plots, Setting};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row};
use crate::plot::{Scale, plots};

/// What calibrates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arm {
    Corpus,
    PromptOnly,
    OffPolicy,
    Rac,
}

const ARMS: [Arm; 4] = [Arm::Corpus, Arm::PromptOnly, Arm::OffPolicy, Arm::Rac];

impl Arm {
    fn name(self) -> &'static str {
        match self {
            Self::Corpus => "corpus",
            Self::PromptOnly => "prompt-only",
            Self::OffPolicy => "off-policy",
            Self::Rac => "rac",
        }
    }
}

/// The traces that calibrate with one seed.
struct SeedTraces {
    /// With solutions of somebody else.
    given: PathBuf,
    /// Continued by the dense model.
    sampled: PathBuf,
}

/// What was measured on one model.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Cell {
    kl_prompt: Option<f64>,
    kl_decode: Option<f64>,
    nll_decode: Option<f64>,
    hidden_error_prompt: Option<f64>,
    hidden_error_decode: Option<f64>,
    /// `e_t` on tokens of prompts and of continuations.
    distances: Option<[f64; 2]>,
    new_tokens: f64,
    limited_share: f64,
    generation_seconds: f64,
    accuracy: Option<f64>,
}

/// One number of a cell; `None` for a model broken to overflow.
type Measure = fn(&Cell) -> Option<f64>;

/// Runs the claim.
///
/// # Errors
///
/// If data are missing or a run fails.
pub fn run(setting: &Setting) -> Result<(Outcome, Plots), ExperimentError> {
    let started = Instant::now();
    let mut outcome = Outcome::new("rac", setting.tier, &setting.device_name);
    outcome.title = "Calibration on the dense model's own continuations".into();
    outcome.reference = "arXiv 2509.12464".into();
    let folder = folder(&outcome, "traces")?;
    let case = case(setting.tier, &folder)?;
    outcome.seeds = case.seeds.clone();
    outcome.notes = case.notes.clone();
    let bench = Bench::new(&case, setting, &outcome, folder)?;
    let rows = bench.rows()?;
    let tokens = |of: fn(&Trace) -> usize| bench.held_out.iter().map(of).sum::<usize>();
    let note = format!(
        "Every arm calibrates on exactly {} tokens, sequence by sequence and without padding; each seed on other prompts, other \
         windows and with other random numbers. Measured on {} tokens of prompts and {} decoded ones. Sampling: temperature \
         0.6, top-p 0.95. Losses are in nats; hidden states are those after the last norm.",
        case.tokens,
        tokens(|trace| trace.prompt_tokens.len()),
        tokens(|trace| trace.new_tokens.len()),
    );
    outcome.notes.push(note);
    outcome.rows = rows;
    outcome.seconds = started.elapsed().as_secs_f64();
    let mut plots = plots(&outcome, "sparsity", Scale::Log);
    plots.retain(|(name, _)| name.starts_with("kl") || name.starts_with("hidden"));
    Ok((outcome, plots))
}

/// The dense model and what everything is measured on.
struct Bench<'a> {
    case: &'a Case,
    setting: &'a Setting,
    outcome: &'a Outcome,
    /// Where traces are kept.
    folder: PathBuf,
    dense: (LlamaConfig, Llama),
    held_out: Vec<Trace>,
    /// Of each seed, in their order.
    traces: Vec<SeedTraces>,
}

impl<'a> Bench<'a> {
    fn new(
        case: &'a Case,
        setting: &'a Setting,
        outcome: &'a Outcome,
        folder: PathBuf,
    ) -> Result<Self, ExperimentError> {
        let mut bench = Self {
            case,
            setting,
            outcome,
            folder,
            dense: load_llama(&Checkpoint::open(&case.model)?, &setting.device)?,
            held_out: Vec::new(),
            traces: Vec::new(),
        };
        let (prompts, count) = &case.held_out;
        let source = sampled(42, case.max_new_tokens);
        let path = bench.kept_traces("held-out", prompts, ((0, *count), source))?;
        bench.held_out = bench.read(&path)?;
        bench.traces = case
            .seeds
            .iter()
            .map(|seed| bench.seed_traces(*seed))
            .collect::<Result<_, _>>()?;
        Ok(bench)
    }

    fn seed_traces(&self, seed: u64) -> Result<SeedTraces, ExperimentError> {
        let case = self.case;
        let skip = seed as usize * case.prompts_per_seed;
        let given = TraceSource::Given {
            field: case.solutions.to_owned(),
            max_new_tokens: case.max_new_tokens,
        };
        let given = ((skip, case.prompts_per_seed), given);
        let own = ((skip, case.sampled_per_seed), sampled(42 + seed, case.max_new_tokens));
        Ok(SeedTraces {
            given: self.kept_traces(&format!("given-{seed}"), &case.prompts, given)?,
            sampled: self.kept_traces(&format!("sampled-{seed}"), &case.prompts, own)?,
        })
    }

    fn rows(&self) -> Result<Vec<Row>, ExperimentError> {
        let bar = progress(self.n_models());
        let mut rows = Vec::new();
        bar.set_message("dense");
        let dense = kept_cell(self.setting, self.outcome, "dense", || {
            self.measure(&self.case.model, 0)
        })?;
        rows.extend(self.rows_of("dense", None, &[dense]).into_iter().map(Row::control));
        for sparsity in self.sparsities() {
            bar.set_message(format!("magnitude {sparsity}"));
            let name = format!("magnitude-{sparsity}");
            let cell = kept_cell(self.setting, self.outcome, &name, || {
                self.cell((Method::Magnitude, sparsity), None)
            })?;
            rows.extend(
                self.rows_of("magnitude", Some(sparsity), &[cell])
                    .into_iter()
                    .map(Row::control),
            );
            bar.inc(1);
        }
        for (method, sparsities) in &self.case.methods {
            for &sparsity in sparsities {
                let mut cells = Vec::new();
                for arm in ARMS {
                    bar.set_message(format!("{method} {sparsity}, {}", arm.name()));
                    cells.push((arm, self.cells((*method, sparsity), arm, &mut || bar.inc(1))?));
                }
                for (arm, cells) in &cells {
                    rows.extend(self.rows_of(&line_name(*method, *arm), Some(sparsity), cells));
                }
                rows.extend(self.ratios((*method, sparsity), &cells));
            }
        }
        bar.finish_and_clear();
        Ok(rows)
    }

    fn n_models(&self) -> usize {
        let of_methods: usize = self.case.methods.iter().map(|(_, sparsities)| sparsities.len()).sum();
        self.sparsities().len() + of_methods * ARMS.len() * self.case.seeds.len()
    }

    /// Those of any method.
    fn sparsities(&self) -> Vec<f64> {
        let mut all: Vec<f64> = self
            .case
            .methods
            .iter()
            .flat_map(|(_, sparsities)| sparsities.clone())
            .collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }

    /// One cell for every seed.
    fn cells(&self, which: (Method, f64), arm: Arm, done: &mut dyn FnMut()) -> Result<Vec<Cell>, ExperimentError> {
        let mut cells = Vec::new();
        for &seed in &self.case.seeds {
            let name = format!("{}-{}-{}-{seed}", which.0, which.1, arm.name());
            cells.push(kept_cell(self.setting, self.outcome, &name, || {
                self.cell(which, Some((arm, seed)))
            })?);
            done();
        }
        Ok(cells)
    }

    /// Prunes and measures one model.
    fn cell(&self, (method, sparsity): (Method, f64), arm: Option<(Arm, u64)>) -> Result<Cell, ExperimentError> {
        let folder = temporary()?;
        let out = folder.path().join("pruned");
        let mut recipe = Recipe::new(method, Pattern::Unstructured(Sparsity::new(sparsity)?));
        // As the dense model is stored, so that both read as many bytes for a token.
        recipe.dtype = secateurs::data::FloatType::F16;
        let seed = arm.map_or(0, |(_, seed)| seed);
        recipe.calibration = arm.map(|(arm, seed)| self.calibration(arm, seed));
        let job = PruneJob {
            model: &self.case.model,
            out: &out,
            recipe: &recipe,
            overwrite: Overwrite::Never,
            device: &self.setting.device,
        };
        prune_checkpoint(&job, &mut |_| {})?;
        self.measure(&out, seed)
    }

    fn calibration(&self, arm: Arm, seed: u64) -> Calibration {
        let case = self.case;
        let place = case.seeds.iter().position(|known| *known == seed);
        let made = &self.traces[place.expect("cells are of the case's seeds")];
        let traces = |traces: &Path, part| {
            Calibration::Traces(TraceCalibration {
                traces: traces.to_owned(),
                part,
                tokens: Some(case.tokens),
            })
        };
        match arm {
            Arm::Corpus => {
                let windows = case.tokens / case.corpus_window;
                Calibration::Text(TextCalibration {
                    text: case.corpus.clone(),
                    window: case.corpus_window,
                    windows,
                    skip: seed as usize * windows,
                })
            }
            Arm::PromptOnly => traces(&made.given, TracePart::Prompt),
            Arm::OffPolicy => traces(&made.given, TracePart::Full),
            Arm::Rac => traces(&made.sampled, TracePart::Full),
        }
    }

    /// The traces of that name, from an earlier run if they may be taken.
    fn kept_traces(
        &self,
        name: &str,
        prompts: &Path,
        what: ((usize, usize), TraceSource),
    ) -> Result<PathBuf, ExperimentError> {
        let path = self.folder.join(format!("{name}.jsonl"));
        let may_resume = may_resume(self.setting, self.outcome);
        if path.exists() && may_resume {
            return Ok(path);
        }
        let overwrite = match staging_path(&path).exists() && may_resume {
            true => Overwrite::Resume,
            false => Overwrite::Force,
        };
        self.trace((&self.case.model, prompts), &path, what, overwrite)?;
        Ok(path)
    }

    fn trace(
        &self,
        (model, prompts): (&Path, &Path),
        out: &Path,
        ((skip, limit), source): ((usize, usize), TraceSource),
        overwrite: Overwrite,
    ) -> Result<TraceOutcome, ExperimentError> {
        let config = TraceConfig {
            style: self.case.style.clone(),
            skip,
            limit: Some(limit),
            source,
            batch: SMALL_BATCH,
            engine: EngineConfig::default(),
            dense: ValueType::F16,
            cache: VectorType::F16,
        };
        let job = TraceJob {
            model,
            prompts: &PromptFile::read(prompts, None)?,
            out,
            config: &config,
            overwrite,
        };
        Ok(trace_prompts(&job, &mut |_| {})?)
    }

    fn read(&self, traces: &Path) -> Result<Vec<Trace>, ExperimentError> {
        let traces = TraceReader::open(traces, self.dense.0.vocab_size)?;
        Ok(traces.collect::<Result<_, _>>()?)
    }

    /// Distance from the dense model, and what the model writes itself.
    fn measure(&self, model: &Path, seed: u64) -> Result<Cell, ExperimentError> {
        let fidelity = self.fidelity(model)?;
        let folder = temporary()?;
        let out = folder.path().join("answers.jsonl");
        let questions = &self.case.questions;
        let source = sampled(42 + seed, questions.max_new_tokens);
        let inputs = (model, questions.prompts.as_path());
        let written = self.trace(inputs, &out, ((0, questions.count), source), Overwrite::Never)?;
        let share = |field| {
            let right = reference_numbers(&PromptFile::read(&questions.prompts, None)?, field)?;
            Ok::<_, ExperimentError>(accuracy(&self.read(&out)?, &right).share())
        };
        let of = |value: fn(&Fidelity) -> f64| fidelity.as_ref().map(value);
        Ok(Cell {
            kl_prompt: of(|f| f.prompt.kl),
            kl_decode: of(|f| f.decode.kl),
            nll_decode: of(|f| f.decode.nll_pruned),
            hidden_error_prompt: of(|f| f.prompt.hidden_error),
            hidden_error_decode: of(|f| f.decode.hidden_error),
            distances: fidelity
                .as_ref()
                .map(|f| [f.prompt.hidden_distance, f.decode.hidden_distance]),
            new_tokens: written.mean_length(),
            limited_share: written.limited_share(),
            generation_seconds: written.sampling_seconds,
            accuracy: questions.answers.map(share).transpose()?,
        })
    }

    /// `None` for a model broken to overflow.
    fn fidelity(&self, model: &Path) -> Result<Option<Fidelity>, ExperimentError> {
        let (config, llama) = load_llama(&Checkpoint::open(model)?, &self.setting.device)?;
        let dense = (&self.dense.0, &self.dense.1);
        match fidelity_of(dense, (&config, &llama), &self.held_out, &mut |_, _| {}) {
            Ok(fidelity) => Ok(Some(fidelity)),
            Err(secateurs::Error::MeasureNotFinite { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn rows_of(&self, name: &str, sparsity: Option<f64>, cells: &[Cell]) -> Vec<Row> {
        let metrics: [(&str, Measure); 8] = [
            ("kl_decode", |cell| cell.kl_decode),
            ("kl_prompt", |cell| cell.kl_prompt),
            ("nll_decode", |cell| cell.nll_decode),
            ("hidden_error_decode", |cell| cell.hidden_error_decode),
            ("hidden_error_prompt", |cell| cell.hidden_error_prompt),
            ("new_tokens", |cell| Some(cell.new_tokens)),
            ("limited_share", |cell| Some(cell.limited_share)),
            ("generation_seconds", |cell| Some(cell.generation_seconds)),
        ];
        let samples =
            |of: Measure| -> Vec<f64> { cells.iter().map(|cell| of(cell).unwrap_or(f64::INFINITY)).collect() };
        let rows = metrics
            .into_iter()
            .map(|(metric, of)| self.row((name, metric), sparsity, &samples(of)));
        let accuracy: Vec<f64> = cells.iter().filter_map(|cell| cell.accuracy).collect();
        let accuracy = (!accuracy.is_empty()).then(|| self.row((name, "accuracy"), sparsity, &accuracy));
        rows.chain(accuracy).collect()
    }

    /// `e_t` of the arms over that of `rac`, seed by seed.
    fn ratios(&self, (method, sparsity): (Method, f64), cells: &[(Arm, Vec<Cell>)]) -> Vec<Row> {
        let Some((_, rac)) = cells.iter().find(|(arm, _)| *arm == Arm::Rac) else {
            return Vec::new();
        };
        let others = cells.iter().filter(|(arm, _)| *arm != Arm::Rac);
        let rows = others.flat_map(|(arm, cells)| {
            [("e_ratio_prompt", 0), ("e_ratio_decode", 1)].map(|(metric, part)| {
                let pairs = cells.iter().zip(rac);
                let ratio = |(arm, rac): (&Cell, &Cell)| match (arm.distances, rac.distances) {
                    (Some(arm), Some(rac)) => arm[part] / rac[part],
                    _ => f64::INFINITY,
                };
                let samples: Vec<f64> = pairs.map(ratio).collect();
                self.row((&line_name(method, *arm), metric), Some(sparsity), &samples)
            })
        });
        rows.collect()
    }

    fn row(&self, (method, metric): (&str, &str), sparsity: Option<f64>, samples: &[f64]) -> Row {
        let row = Row::mean_of(method, metric, samples).case("dataset", self.case.dataset);
        match sparsity {
            Some(sparsity) => row.case("sparsity", sparsity),
            None => row,
        }
    }
}

fn line_name(method: Method, arm: Arm) -> String {
    format!("{method}, {}", arm.name())
}

fn sampled(seed: u64, max_new_tokens: usize) -> TraceSource {
    TraceSource::Sampled {
        temperature: 0.6,
        top_p: 0.95,
        top_k: 0,
        seed,
        max_new_tokens,
        samples: 1,
    }
}

fn temporary() -> Result<tempfile::TempDir, ExperimentError> {
    tempfile::tempdir().map_err(|source| ExperimentError::Read {
        path: std::env::temp_dir(),
        source,
    })
}
