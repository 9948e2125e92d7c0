//! One pruned model of a case.

use std::fmt;
use std::path::Path;

use secateurs::data::{Checkpoint, read_text};
use secateurs::prune::Progress;
use secateurs::tensor::{Pattern, Sparsity};
use secateurs::{
    Calibration, Method, PruneJob, PruneOutcome, Recipe, TextCalibration, TextWindows, TrainingLog, evaluate,
    prune_checkpoint, reset_peak_rss,
};
use serde::{Deserialize, Deserializer, Serialize};

use super::case::{PruningCase, Tuning};
use crate::ExperimentError;
use crate::claims::harness::{Desk, ModelPlace};
use crate::outcome::Subject;

/// A method, a pattern, and the windows that calibrate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PruningKey {
    pub method: Method,
    pub pattern: Pattern,
    pub seed: u64,
}

impl fmt::Display for PruningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}-{}", self.method, self.pattern, self.seed)
    }
}

/// One pruned and measured model.
#[derive(Serialize, Deserialize)]
pub struct PrunedModel {
    /// Not finite for a model broken to overflow; JSON keeps that as null.
    #[serde(deserialize_with = "read_infinite_if_null")]
    pub perplexity: f64,
    pub solve_seconds: f64,
    pub peak_rss_bytes: Option<u64>,
    /// Whether every layer has the requested number of zeros, not counting zeros that the model had before.
    pub exact: bool,
    /// The course of a training.
    #[serde(default)]
    pub log: Option<TrainingLog>,
}

impl PrunedModel {
    /// Peak memory, `None` where the system does not tell.
    pub fn peak_rss_mib(&self) -> Option<f64> {
        self.peak_rss_bytes.map(|bytes| bytes as f64 / (1u64 << 20) as f64)
    }
}

#[cfg(test)]
impl PrunedModel {
    /// A cell that nobody measured.
    pub fn fabricate(key: PruningKey) -> crate::claims::harness::Measured<PruningKey, Self> {
        let cell = Self {
            perplexity: 60.0 + key.seed as f64,
            solve_seconds: 1.0,
            peak_rss_bytes: None,
            exact: true,
            log: None,
        };
        crate::claims::harness::Measured { key, cell }
    }
}

/// Prunes and measures a model, and removes it.
pub fn measure_pruned(case: &PruningCase, key: &PruningKey, desk: &Desk) -> Result<PrunedModel, ExperimentError> {
    let place = desk.model_place(&key.to_string())?;
    let mut listener = |progress: Progress<'_>| {
        if let Some(progress) = describe(&progress) {
            desk.say(format!("{} {}: {progress}", key.method, key.pattern));
        }
    };
    reset_peak_rss();
    let pruned = case.prune(key, desk, &place, &mut listener)?;
    let mut layers = pruned.report.layers.iter();
    let model = PrunedModel {
        perplexity: measure_perplexity(case, &place.out, desk)?,
        solve_seconds: pruned.solve_seconds,
        peak_rss_bytes: pruned.report.peak_rss_bytes,
        exact: layers.all(|layer| layer.pruned >= layer.requested_pruned),
        log: read_training_log(&place.out)?,
    };
    place.remove()?;
    Ok(model)
}

impl PruningCase {
    /// A method in a pattern, for its rows; fine-tuning under a mask that keeps every weight counts as fine-tuning of
    /// the dense model.
    pub fn subject(&self, method: Method, pattern: Pattern) -> Subject {
        if pattern == Pattern::Unstructured(Sparsity::DENSE) {
            return self.dense_named("dense+finetune");
        }
        let subject = Subject::new(method.name())
            .case("dataset", self.dataset)
            .case("pattern", name_pattern(pattern))
            .case("sparsity", pattern.sparsity());
        if method.is_control() {
            subject.control()
        } else {
            subject
        }
    }

    /// The model before pruning, for its rows, which belong to every unstructured sparsity.
    pub fn dense(&self) -> Subject {
        self.dense_named("dense")
    }

    fn dense_named(&self, name: &str) -> Subject {
        Subject::new(name)
            .case("dataset", self.dataset)
            .case("pattern", "unstructured")
            .control()
    }

    /// Prunes the model, calibrated on the windows of a seed.
    pub fn prune(
        &self,
        key: &PruningKey,
        desk: &Desk,
        place: &ModelPlace,
        listener: &mut dyn FnMut(Progress<'_>),
    ) -> Result<PruneOutcome, ExperimentError> {
        let recipe = self.recipe(key);
        let job = PruneJob {
            model: &self.model,
            out: &place.out,
            recipe: &recipe,
            overwrite: place.overwrite,
            device: &desk.setting.device,
        };
        Ok(prune_checkpoint(&job, listener)?)
    }

    fn recipe(&self, key: &PruningKey) -> Recipe {
        let Tuning { training, options } = (self.tuning)(self, key.method);
        let (windows, window) = self.calibration_windows;
        let calibration = || {
            Calibration::Text(TextCalibration {
                text: self.calibration.clone(),
                window,
                windows,
                skip: key.seed as usize * windows,
            })
        };
        let mut recipe = Recipe::new(key.method, key.pattern);
        recipe.seed = if key.method.uses_seed() { key.seed } else { 0 };
        recipe.training = training;
        recipe.options = options;
        recipe.calibration = key.method.needs_calibration().then(calibration);
        recipe
    }
}

/// Perplexity of a checkpoint; infinite for a model broken to overflow.
pub fn measure_perplexity(case: &PruningCase, model: &Path, desk: &Desk) -> Result<f64, ExperimentError> {
    let checkpoint = Checkpoint::open(model)?;
    let text = read_text(&case.test)?;
    let windows = TextWindows {
        text: &text,
        count: case.test_windows.0,
        length: case.test_windows.1,
    };
    match evaluate(&checkpoint, &windows, &desk.setting.device, &mut |_, _| {}) {
        Ok(evaluation) => Ok(evaluation.perplexity),
        Err(secateurs::MeasureError::LossNotFinite { .. }) => Ok(f64::INFINITY),
        Err(error) => Err(error.into()),
    }
}

/// The kind of a pattern, whatever its share.
pub fn name_pattern(pattern: Pattern) -> String {
    match pattern {
        Pattern::Unstructured(_) => "unstructured".into(),
        Pattern::Nm(nm) => nm.to_string(),
    }
}

/// A line about the few events of a long run that are worth one.
fn describe(progress: &Progress<'_>) -> Option<String> {
    match progress {
        Progress::Stored { block, n_blocks, .. } => Some(format!("block {} of {n_blocks}", block + 1)),
        Progress::Trained { step, n_steps } => {
            Some(format!("step {} of {n_steps}, loss {:.3}", step.step + 1, step.loss))
        }
        _ => None,
    }
}

/// The log that a training left beside its model.
fn read_training_log(out: &Path) -> Result<Option<TrainingLog>, ExperimentError> {
    let path = out.join("training.json");
    if !path.exists() {
        return Ok(None);
    }
    serde_json::from_str(&read_text(&path)?)
        .map(Some)
        .map_err(ExperimentError::Json)
}

fn read_infinite_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}
