//! Methods, sparsities, seeds and lengths of training of the tiers.

use std::path::{Path, PathBuf};

use secateurs::Method;
use secateurs::data::write_atomic;
use secateurs::tensor::Pattern;

use super::tuning::{tune_full, tune_full_on_gpu, tune_quick, tune_standard};
use crate::ExperimentError;
use crate::claims::harness::Desk;
use crate::claims::language_model::{PruningCase, patterns, write_full_texts};
use crate::fixtures;
use crate::outcome::{Tier, workspace_root};

/// Everything that differs between the tiers.
pub struct ElsaCase {
    pub pruning: PruningCase,
    pub tier: Tier,
    /// Methods at every pattern, layer-wise ones before those that train.
    pub methods: &'static [Method],
    pub patterns: Vec<Pattern>,
    /// Each seed calibrates on other windows and learns from windows in another order.
    pub seeds: &'static [u64],
}

const QUICK: &[Method] = &[
    Method::Magnitude,
    Method::Wanda,
    Method::SparseGpt,
    Method::Alps,
    Method::WandaFinetune,
    Method::Elsa,
    Method::ElsaL,
];
const ALL: &[Method] = &[
    Method::Magnitude,
    Method::Wanda,
    Method::SparseGpt,
    Method::LAdmm,
    Method::Alps,
    Method::Safe,
    Method::WandaFinetune,
    Method::Elsa,
    Method::ElsaL,
];

/// Opens the case of a tier, and unpacks or writes the texts to learn from.
///
/// # Errors
///
/// If data are missing, or a text cannot be written.
pub fn open_case(desk: &Desk) -> Result<ElsaCase, ExperimentError> {
    let tier = desk.setting.tier;
    let (methods, sparsities, seeds): (_, &[f64], _) = match tier {
        Tier::Quick => (QUICK, &[0.9], &[0, 1][..]),
        Tier::Standard => (ALL, &[0.5, 0.7, 0.9, 0.95], &[0][..]),
        // The claim `layerwise` has the others.
        Tier::Full => (ALL, &[0.9], &[0][..]),
    };
    Ok(ElsaCase {
        pruning: open_pruning(desk)?,
        tier,
        methods,
        patterns: patterns(sparsities, &[])?,
        seeds,
    })
}

/// The model with its texts and the settings of every method.
fn open_pruning(desk: &Desk) -> Result<PruningCase, ExperimentError> {
    let tier = desk.setting.tier;
    let mut case = PruningCase::new(tier)?;
    let folder = desk.tier_folder("texts")?;
    match tier {
        Tier::Quick | Tier::Standard => {
            case.training_texts = unpack_novels(&folder)?;
            case.tuning = if tier == Tier::Quick { tune_quick } else { tune_standard };
            case.notes.push(FIXTURE_NOTE.into());
        }
        Tier::Full => {
            let texts = write_full_texts(&folder)?;
            case.training_texts = [texts.training, unpack_novels(&folder)?].concat();
            case.validation_text = Some(texts.validation);
            case.tuning = if desk.setting.backend.is_gpu() {
                tune_full_on_gpu
            } else {
                tune_full
            };
            case.notes.push(texts.note);
        }
    }
    Ok(case)
}

const FIXTURE_NOTE: &str = "Training sees the four novels that the model was trained on, each window at most once. Learning rates, \
                          warm-up, penalty and schedule were chosen on Persuasion at 90 %, for each method on its own, and are the \
                          same at all sparsities. ELSA's penalty is decoupled from Adam, which the paper's is not. Every method that trains \
                          the whole model sees the same tokens in the same order. SAFE \
                          trains each block on the calibration windows instead.";

/// Unpacks the four novels of the fixtures that are to learn from.
fn unpack_novels(folder: &Path) -> Result<Vec<PathBuf>, ExperimentError> {
    let unpack = |name: &str| {
        let path = workspace_root().join("fixtures/austen").join(format!("{name}.txt.gz"));
        let unpacked = folder.join(format!("{name}.txt"));
        write_atomic(&unpacked, fixtures::austen::decompress(&path)?.as_bytes())?;
        Ok(unpacked)
    };
    fixtures::TRAINING.into_iter().map(unpack).collect()
}
