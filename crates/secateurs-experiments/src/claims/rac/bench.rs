//! Making, pruning and measuring the models of the claim.

use std::path::{Path, PathBuf};

use secateurs::data::{Checkpoint, FloatType};
use secateurs::models::llama::{Llama, LlamaConfig, load_llama};
use secateurs::runtime::EngineConfig;
use secateurs::sparse::{SMALL_BATCH, ValueType, VectorType};
use secateurs::tensor::{Pattern, Sparsity};
use secateurs::{
    Calibration, Fidelity, Method, Overwrite, PromptFile, PruneJob, Recipe, TextCalibration, Trace, TraceCalibration,
    TraceConfig, TraceJob, TraceOutcome, TracePart, TraceReader, TraceSource, accuracy, fidelity_of, prune_checkpoint,
    reference_numbers, staging_path, trace_prompts,
};

use super::Arm;
use super::case::Case;
use super::cell::Cell;
use crate::ExperimentError;
use crate::claims::Setting;
use crate::claims::kept::may_resume;
use crate::outcome::Outcome;

/// The dense model and what everything is measured on.
pub(super) struct Bench<'a> {
    pub(super) case: &'a Case,
    pub(super) setting: &'a Setting,
    pub(super) outcome: &'a Outcome,
    /// Where traces are kept.
    folder: PathBuf,
    dense: (LlamaConfig, Llama),
    pub(super) held_out: Vec<Trace>,
    /// Of each seed, in their order.
    traces: Vec<SeedTraces>,
}

/// The traces that calibrate with one seed.
struct SeedTraces {
    /// With solutions of somebody else.
    given: PathBuf,
    /// Continued by the dense model.
    sampled: PathBuf,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
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

    /// Prunes and measures one model.
    pub(super) fn cell(
        &self,
        (method, sparsity): (Method, f64),
        arm: Option<(Arm, u64)>,
    ) -> Result<Cell, ExperimentError> {
        let folder = temporary()?;
        let out = folder.path().join("pruned");
        let mut recipe = Recipe::new(method, Pattern::Unstructured(Sparsity::new(sparsity)?));
        // As the dense model is stored, so that both read as many bytes for a token.
        recipe.dtype = FloatType::F16;
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
    pub(super) fn measure(&self, model: &Path, seed: u64) -> Result<Cell, ExperimentError> {
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
