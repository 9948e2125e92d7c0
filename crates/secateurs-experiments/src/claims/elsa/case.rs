//! Methods, sparsities, seeds and lengths of training of the tiers.

use std::path::{Path, PathBuf};

use secateurs::Method;
use secateurs::data::write_atomic;

use super::tuning::{tune_full, tune_full_on_gpu, tune_quick, tune_standard};
use crate::ExperimentError;
use crate::claims::harness::Desk;
use crate::claims::language_model::{PruningCase, Sweep, patterns, write_full_texts};
use crate::fixtures;
use crate::outcome::{Tier, workspace_root};

const LAYERWISE: &[Method] = &[
    Method::Magnitude,
    Method::Wanda,
    Method::SparseGpt,
    Method::LAdmm,
    Method::Alps,
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

/// Methods and sparsities, and what shows how much training alone is worth: under a random mask, and of the dense model.
///
/// What trains comes first in the quick tier, whose cells are measured side by side: the last ones are the shortest.
pub fn sweeps(tier: Tier) -> Result<Vec<Sweep>, ExperimentError> {
    let (once, thrice): (&[u64], &[u64]) = (&[0], &[0, 1, 2]);
    let at_90 = || patterns(&[0.9], &[]);
    let larger = |sparsities| -> Result<_, ExperimentError> {
        Ok(vec![
            Sweep::new(ALL, patterns(sparsities, &[])?, once),
            Sweep::new(&[Method::RandomFinetune], at_90()?, once),
            Sweep::new(&[Method::WandaFinetune], patterns(&[0.0], &[])?, once),
        ])
    };
    match tier {
        Tier::Quick => Ok(vec![
            Sweep::new(&[Method::WandaFinetune, Method::Elsa], at_90()?, thrice),
            Sweep::new(&[Method::RandomFinetune, Method::ElsaL], at_90()?, once),
            Sweep::new(LAYERWISE, at_90()?, once),
        ]),
        Tier::Standard => larger(&[0.5, 0.7, 0.9, 0.95]),
        // The claim `layerwise` has the others.
        Tier::Full => larger(&[0.9]),
    }
}

/// The model with its texts, which are unpacked or written, and the settings of every method.
///
/// # Errors
///
/// If data are missing, or a text cannot be written.
pub fn open_case(desk: &Desk) -> Result<PruningCase, ExperimentError> {
    let tier = desk.setting.tier;
    let mut case = PruningCase::new(tier)?;
    let folder = desk.tier_folder("texts")?;
    match tier {
        Tier::Quick | Tier::Standard => {
            case.training_texts = unpack_novels(&folder)?;
            case.notes.push(FIXTURE_NOTE.into());
            let (tuning, note): (fn(&_, _) -> _, _) = match tier {
                Tier::Quick => (tune_quick, SHORT_NOTE),
                _ => (tune_standard, SAFE_NOTE),
            };
            case.tuning = tuning;
            case.notes.push(note.into());
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
                            the whole model sees the same tokens in the same order with the same seed.";
const SAFE_NOTE: &str = "SAFE trains each block on the calibration windows instead.";
const SHORT_NOTE: &str = "Trainings of the quick tier are half as long as those of the standard tier, so all of them end at higher \
                          perplexities; ELSA's penalty was chosen anew for this length, on Persuasion as well.";

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
