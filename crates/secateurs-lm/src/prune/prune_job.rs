//! A pruning run as a value, and its result.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::tensor::Device;
use secateurs_data::{Checkpoint, CheckpointWriter, Overwrite};
use secateurs_tensor::Report;

use crate::prune::recipes::recipe::Recipe;
use crate::run::error::ModelFileError;
use crate::trace::calibration::Calibration;

/// A pruning run.
pub struct PruneJob<'a> {
    /// The model: a Hugging Face folder or a GGUF file.
    pub model: &'a Path,
    /// The folder to create.
    pub out: &'a Path,
    /// The recipe to follow.
    pub recipe: &'a Recipe,
    /// Treatment of earlier output.
    pub overwrite: Overwrite,
    /// Device of the tensors.
    pub device: &'a Device,
}

/// The result of a pruning run.
#[derive(Debug, Clone)]
pub struct PruneOutcome {
    /// The report, as stored beside the output.
    pub report: Report,
    /// Seconds of choosing and compensating, without forward passes and files.
    pub solve_seconds: f64,
    /// Seconds of the whole run.
    pub total_seconds: f64,
}

impl PruneOutcome {
    pub(crate) fn new(report: Report, started: Instant) -> Self {
        Self {
            solve_seconds: report.layers.iter().map(|layer| layer.seconds).sum(),
            total_seconds: started.elapsed().as_secs_f64(),
            report,
        }
    }
}

impl<'a> PruneJob<'a> {
    /// Every file and folder that the run reads.
    pub(crate) fn inputs(&self) -> Vec<&'a Path> {
        let mut inputs = vec![self.model];
        inputs.extend(self.recipe.calibration.as_ref().map(Calibration::path));
        if let Some(training) = &self.recipe.training {
            inputs.extend(training.texts.iter().chain(&training.validation).map(PathBuf::as_path));
        }
        inputs
    }
}

/// Adds metadata, recipe and report to finished weights.
pub(crate) fn describe(
    writer: &CheckpointWriter,
    source: &Checkpoint,
    report: &Report,
    recipe: &str,
) -> Result<(), ModelFileError> {
    let json = serde_json::to_string_pretty(report).map_err(ModelFileError::Json)?;
    writer.copy_metadata(source)?;
    writer.write_file("report.json", (json + "\n").as_bytes())?;
    Ok(writer.write_file("recipe.toml", recipe.as_bytes())?)
}
