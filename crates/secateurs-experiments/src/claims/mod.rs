//! One file per claim.

use burn::tensor::Device;

use crate::ExperimentError;
use crate::outcome::{Outcome, Tier};
use crate::report::Chart;

pub mod causalkan;
pub mod elsa;
mod kept;
mod language_model;
pub mod layerwise;
pub mod moe;
pub mod rac;
pub mod shapkan;
pub mod sparse;
mod texts;
mod workers;

/// Where and how much a claim is run.
#[derive(Debug, Clone)]
pub struct Setting {
    /// How much.
    pub tier: Tier,
    /// Where tensors are computed.
    pub device: Device,
    /// Name of that backend.
    pub device_name: String,
    /// Whether to take what an interrupted run of the same commit has measured.
    pub resume: bool,
    /// Parts of the names of the cells to run and to report; all if there is none.
    pub only: Vec<String>,
}

impl Setting {
    /// Whether tensors are computed by a graphics card, or what stands for one.
    pub fn is_on_gpu(&self) -> bool {
        matches!(self.device_name.as_str(), "wgpu" | "cuda")
    }

    /// Whether the cell of that name is run, such as `elsa-90%-0`: method, pattern and what else varies.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}

/// Charts of a claim.
pub type Plots = Vec<Chart>;

/// A claim that can be run.
pub struct Claim {
    /// Its name, as on the command line.
    pub name: &'static str,
    /// What it shows, in one line.
    pub summary: &'static str,
    /// Keys of its rows that tables have as columns, one set of tables for each.
    pub axes: &'static [&'static str],
    /// Runs it and returns what was measured and its charts.
    pub run: fn(&Setting) -> Result<(Outcome, Plots), ExperimentError>,
}

/// All claims in order of importance.
pub const CLAIMS: &[Claim] = &[
    Claim {
        name: "layerwise",
        summary: "every layer-wise method at 50-90 % and N:M, beside random and magnitude",
        axes: &["sparsity"],
        run: layerwise::run,
    },
    Claim {
        name: "elsa",
        summary: "90 % of the weights gone, won back by training: ELSA beside layer-wise methods and masked fine-tuning",
        axes: &["sparsity"],
        run: elsa::run,
    },
    Claim {
        name: "sparse",
        summary: "size and speed of packed models beside their quality, and the same weights stored densely",
        axes: &["sparsity"],
        run: sparse::run,
    },
    Claim {
        name: "rac",
        summary: "calibrating on the dense model's own continuations, beside prompts alone, other solutions and general text",
        axes: &["sparsity"],
        run: rac::run,
    },
    Claim {
        name: "shapkan",
        summary: "nodes of KANs by Shapley values: ranks under shifted inputs, errors after pruning, beside pykan's attribution",
        axes: &["shift", "nodes", "permutations", "function", "comparison"],
        run: shapkan::run,
    },
    Claim {
        name: "causalkan",
        summary: "effects of individuals by additive models and KANs, full, pruned, as formulas and rounded, beside perceptrons",
        axes: &["stage"],
        run: causalkan::run,
    },
    Claim {
        name: "moe",
        summary: "experts learned, pruned and fine-tuned to zero loss beside a teacher; and experts of a trained model removed, beside chance",
        axes: &["removed", "stage"],
        run: moe::run,
    },
];

/// The claim of that name.
///
/// # Errors
///
/// If there is none.
pub fn find(name: &str) -> Result<&'static Claim, ExperimentError> {
    CLAIMS
        .iter()
        .find(|claim| claim.name == name)
        .ok_or_else(|| ExperimentError::UnknownClaim {
            name: name.to_owned(),
            known: CLAIMS.iter().map(|claim| claim.name).collect::<Vec<_>>().join(", "),
        })
}

/// Keys along which the tables of a claim are laid out; `sparsity` for a claim that there is no more.
pub fn axes_of(name: &str) -> &'static [&'static str] {
    CLAIMS
        .iter()
        .find(|claim| claim.name == name)
        .map_or(&["sparsity"], |claim| claim.axes)
}
