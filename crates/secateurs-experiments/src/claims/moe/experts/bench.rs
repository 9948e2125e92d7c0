//! A trained mixture of experts, the texts that calibrate and measure it, and its pruned models.

use std::sync::{Arc, Mutex, PoisonError};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use secateurs::data::{Checkpoint, Tokenizer, read_text};
use secateurs::models::LoadedModel;
use secateurs::models::decoder::{Llama, LlamaConfig, load_llama};
use secateurs::tensor::Sparsity;
use secateurs::{
    BlockExperts, Evaluation, Evidence, ExpertObservation, ExpertPlan, TextWindows, evaluate_model, first_windows,
    observe_experts, remove_experts,
};
use serde::{Deserialize, Serialize};

use super::case::{CALIBRATION_WINDOW, CALIBRATION_WINDOWS, Excerpt, ExpertsCase, ExpertsKey};
use crate::ExperimentError;
use crate::fixtures;
use crate::outcome::workspace_root;

/// The measurements on one pruned model.
#[derive(Default, Serialize, Deserialize)]
pub struct ExpertsCell {
    pub perplexity: f64,
    /// Share of the gates of calibration tokens that belonged to removed experts, mean over the blocks.
    pub lost_gates: f64,
    /// Share of calibration tokens that lost an expert, and that lost all of theirs, means over the blocks.
    pub affected_tokens: f64,
    pub abandoned_tokens: f64,
    pub n_parameters: usize,
}

/// A model with the texts that calibrate and measure it.
pub struct ExpertsBench {
    pub config: LlamaConfig,
    llama: Llama,
    test: Vec<Vec<u32>>,
    calibration: Vec<Vec<u32>>,
    /// The latest seed's observation, which all methods and shares of a seed use.
    observed: Mutex<Option<SeedObservation>>,
}

#[derive(Clone)]
struct SeedObservation {
    seed: u64,
    blocks: Arc<Vec<ExpertObservation>>,
}

impl ExpertsBench {
    /// Opens a model among the fixtures.
    pub fn open(name: &str, case: &ExpertsCase, device: &Device) -> Result<Self, ExperimentError> {
        let checkpoint = Checkpoint::open(&workspace_root().join("fixtures").join(name))?;
        let tokenizer = checkpoint.tokenizer()?;
        let calibration = Excerpt {
            novel: fixtures::CALIBRATION,
            count: case.seeds as usize * CALIBRATION_WINDOWS,
            window: CALIBRATION_WINDOW,
        };
        let (config, llama) = load_llama(&checkpoint, device)?;
        Ok(Self {
            test: case.test.read_windows(&tokenizer, "the test text")?,
            calibration: calibration.read_windows(&tokenizer, "the calibration text")?,
            config,
            llama,
            observed: Mutex::new(None),
        })
    }

    /// Removes experts, and measures the remaining model.
    pub fn measure(&self, key: &ExpertsKey) -> Result<ExpertsCell, ExperimentError> {
        let ExpertsKey { method, share, seed } = *key;
        let observed = self.observe(seed)?;
        let share = Sparsity::new(share)?;
        let model = LoadedModel::new(&self.config, &self.llama);
        let (llama, report) = remove_experts(model, &observed, &ExpertPlan { method, share, seed })?;
        let mean =
            |value: fn(&BlockExperts) -> f64| report.blocks.iter().map(value).sum::<f64>() / report.blocks.len() as f64;
        Ok(ExpertsCell {
            perplexity: self.perplexity(&llama)?,
            lost_gates: mean(|block| block.lost_gates),
            affected_tokens: mean(|block| block.affected_tokens),
            abandoned_tokens: mean(|block| block.abandoned_tokens),
            n_parameters: count_nonzero(&llama),
        })
    }

    /// Perplexity with all experts.
    pub fn own_perplexity(&self) -> Result<f64, ExperimentError> {
        self.perplexity(&self.llama)
    }

    /// Infinite for a model broken to overflow.
    fn perplexity(&self, llama: &Llama) -> Result<f64, ExperimentError> {
        let model = LoadedModel::new(&self.config, llama);
        match evaluate_model(model, &self.test, &mut |_, _| {}) {
            Ok(Evaluation { perplexity, .. }) => Ok(perplexity),
            Err(secateurs::MeasureError::LossNotFinite { .. }) => Ok(f64::INFINITY),
            Err(error) => Err(error.into()),
        }
    }

    /// The experts on the calibration windows of a seed.
    fn observe(&self, seed: u64) -> Result<Arc<Vec<ExpertObservation>>, ExperimentError> {
        let mut latest = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(observed) = latest.as_ref().filter(|observed| observed.seed == seed) {
            return Ok(Arc::clone(&observed.blocks));
        }
        let windows = &self.calibration[seed as usize * CALIBRATION_WINDOWS..][..CALIBRATION_WINDOWS];
        let model = LoadedModel::new(&self.config, &self.llama);
        let blocks = Arc::new(observe_experts(model, windows, Evidence::ALL, &mut |_, _| {})?);
        *latest = Some(SeedObservation {
            seed,
            blocks: Arc::clone(&blocks),
        });
        Ok(blocks)
    }
}

impl Excerpt {
    /// Reads the windows; `what` names the text in errors.
    fn read_windows(&self, tokenizer: &Tokenizer, what: &'static str) -> Result<Vec<Vec<u32>>, ExperimentError> {
        let novels = workspace_root().join("fixtures/austen");
        let text = read_text(&novels.join(format!("{}.txt", self.novel)))?;
        let wanted = TextWindows {
            text: &text,
            count: self.count,
            length: self.window,
        };
        Ok(first_windows(tokenizer, &wanted, what)?)
    }
}

/// Parameters that are not zero.
fn count_nonzero(llama: &Llama) -> usize {
    let mut counter = Counter(0);
    llama.visit(&mut counter);
    counter.0
}

struct Counter(usize);

impl ModuleVisitor for Counter {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data();
        self.0 += data.iter::<f32>().filter(|value| *value != 0.0).count();
    }
}
