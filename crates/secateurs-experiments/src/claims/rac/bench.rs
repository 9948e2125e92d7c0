//! Making, pruning and measuring the models of the claim.

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use secateurs::data::{Checkpoint, FloatType};
use secateurs::models::LoadedModel;
use secateurs::models::decoder::{Llama, LlamaConfig, load_llama};
use secateurs::tensor::{Pattern, Sparsity};
use secateurs::{
    Calibration, Fidelity, Method, Overwrite, PromptFile, PruneJob, Recipe, TextCalibration, Trace, TraceCalibration,
    TracePart, TraceReader, TraceSource, accuracy, fidelity_of, prune_checkpoint, reference_numbers,
};

use super::case::RacCase;
use super::cell::RacCell;
use super::key::{Arm, CalibratedKey, RacKey};

use super::traces::{TraceFolder, TracePlan, sample};
use crate::ExperimentError;
use crate::claims::harness::{Desk, make_scratch};

/// The seed of sampling where no seed is given.
const SAMPLING_SEED: u64 = 42;

/// The dense model and the traces that calibrate and measure.
pub struct RacBench {
    pub case: RacCase,
    device: Device,
    dense: DenseModel,
    pub held_out: Vec<Trace>,
    /// Traces of each seed, in the order of seeds.
    traces: Vec<SeedTraces>,
}

struct DenseModel {
    config: LlamaConfig,
    llama: Llama,
}

/// The traces that calibrate with one seed.
struct SeedTraces {
    /// Traces with given solutions.
    given: PathBuf,
    /// Continued by the dense model.
    sampled: PathBuf,
}

impl RacBench {
    /// Loads the dense model, and has it write its traces into `folder` if they are not there.
    pub fn open(case: RacCase, folder: PathBuf, desk: &Desk) -> Result<Self, ExperimentError> {
        let device = desk.setting.device.clone();
        let (config, llama) = load_llama(&Checkpoint::open(&case.model)?, &device)?;
        let folder = TraceFolder {
            path: folder,
            may_resume: desk.may_resume(),
        };
        let held_out = TracePlan {
            model: &case.model,
            prompts: &case.held_out.prompts,
            style: &case.style,
            skip: 0,
            count: case.held_out.count,
            source: sample(SAMPLING_SEED, case.max_new_tokens),
        };
        let held_out = read_traces(&folder.keep("held-out", &held_out)?, &config)?;
        let seeds = case.seeds.iter();
        Ok(Self {
            traces: seeds
                .map(|seed| seed_traces(&case, &folder, *seed))
                .collect::<Result<_, _>>()?,
            case,
            device,
            dense: DenseModel { config, llama },
            held_out,
        })
    }

    /// Prunes and measures one model.
    pub fn measure(&self, key: &RacKey) -> Result<RacCell, ExperimentError> {
        match key {
            RacKey::Dense => self.measure_model(&self.case.model, 0),
            RacKey::Magnitude { sparsity } => self.measure_pruned(Recipe::new(Method::Magnitude, share(*sparsity)?), 0),
            RacKey::Calibrated(key) => {
                let mut recipe = Recipe::new(key.place.method, share(key.place.sparsity)?);
                recipe.calibration = Some(self.calibration(key));
                self.measure_pruned(recipe, key.seed)
            }
        }
    }

    fn measure_pruned(&self, mut recipe: Recipe, seed: u64) -> Result<RacCell, ExperimentError> {
        let folder = make_scratch()?;
        let out = folder.path().join("pruned");
        // As the dense model is stored, so that both read as many bytes for a token.
        recipe.dtype = FloatType::F16;
        let job = PruneJob {
            model: &self.case.model,
            out: &out,
            recipe: &recipe,
            overwrite: Overwrite::Never,
            device: &self.device,
        };
        prune_checkpoint(&job, &mut |_| {})?;
        self.measure_model(&out, seed)
    }

    fn calibration(&self, key: &CalibratedKey) -> Calibration {
        let case = &self.case;
        let place = case.seeds.iter().position(|known| *known == key.seed);
        let made = &self.traces[place.expect("cells are of the case's seeds")];
        let traces = |traces: &Path, part| {
            Calibration::Traces(TraceCalibration {
                traces: traces.to_owned(),
                part,
                tokens: Some(case.tokens),
            })
        };
        match key.arm {
            Arm::Corpus => {
                let windows = case.tokens / case.corpus_window;
                Calibration::Text(TextCalibration {
                    text: case.corpus.clone(),
                    window: case.corpus_window,
                    windows,
                    skip: key.seed as usize * windows,
                })
            }
            Arm::PromptOnly => traces(&made.given, TracePart::Prompt),
            Arm::OffPolicy => traces(&made.given, TracePart::Full),
            Arm::Rac => traces(&made.sampled, TracePart::Full),
        }
    }

    /// Distance from the dense model, and the model's own answers.
    fn measure_model(&self, model: &Path, seed: u64) -> Result<RacCell, ExperimentError> {
        let fidelity = self.fidelity(model)?;
        let folder = make_scratch()?;
        let out = folder.path().join("answers.jsonl");
        let questions = &self.case.questions;
        let plan = TracePlan {
            model,
            prompts: &questions.prompts,
            style: &self.case.style,
            skip: 0,
            count: questions.count,
            source: sample(SAMPLING_SEED + seed, questions.max_new_tokens),
        };
        let written = plan.run(&out, Overwrite::Never)?;
        let of = |value: fn(&Fidelity) -> f64| fidelity.as_ref().map(value);
        Ok(RacCell {
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
            accuracy: questions
                .answers
                .map(|field| self.share_right(&out, field))
                .transpose()?,
        })
    }

    /// Share of answers with the right number.
    fn share_right(&self, answers: &Path, field: &str) -> Result<f64, ExperimentError> {
        let right = reference_numbers(&PromptFile::read(&self.case.questions.prompts, None)?, field)?;
        Ok(accuracy(&read_traces(answers, &self.dense.config)?, &right).share())
    }

    /// `None` for a model broken to overflow.
    fn fidelity(&self, model: &Path) -> Result<Option<Fidelity>, ExperimentError> {
        let (config, llama) = load_llama(&Checkpoint::open(model)?, &self.device)?;
        let dense = LoadedModel::new(&self.dense.config, &self.dense.llama);
        let pruned = LoadedModel::new(&config, &llama);
        match fidelity_of(dense, pruned, &self.held_out, &mut |_, _| {}) {
            Ok(fidelity) => Ok(Some(fidelity)),
            Err(secateurs::MeasureError::MeasureNotFinite { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn seed_traces(case: &RacCase, folder: &TraceFolder, seed: u64) -> Result<SeedTraces, ExperimentError> {
    let plan = |count, source| TracePlan {
        model: &case.model,
        prompts: &case.prompts,
        style: &case.style,
        skip: seed as usize * case.prompts_per_seed,
        count,
        source,
    };
    let given = TraceSource::Given {
        field: case.solutions.to_owned(),
        max_new_tokens: case.max_new_tokens,
    };
    let own = sample(SAMPLING_SEED + seed, case.max_new_tokens);
    Ok(SeedTraces {
        given: folder.keep(&format!("given-{seed}"), &plan(case.prompts_per_seed, given))?,
        sampled: folder.keep(&format!("sampled-{seed}"), &plan(case.sampled_per_seed, own))?,
    })
}

fn read_traces(path: &Path, config: &LlamaConfig) -> Result<Vec<Trace>, ExperimentError> {
    let traces = TraceReader::open(path, config.vocab_size)?;
    Ok(traces.collect::<Result<_, _>>()?)
}

fn share(sparsity: f64) -> Result<Pattern, ExperimentError> {
    Ok(Pattern::Unstructured(Sparsity::new(sparsity)?))
}
