//! The methods by name.

use std::fmt;
use std::str::FromStr;

use secateurs_importance::{Magnitude, Random, Ria, Wanda};
use secateurs_prune::{AdmmSchedule, Alps, LAdmm, LayerMethod, MaskOnly, Safe, SparseGpt};
use secateurs_tensor::{NonNegative, Scope};
use serde::{Deserialize, Serialize};

use crate::Error;

/// A pruning method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Random weights go: the control that every method must beat.
    Random,
    /// The smallest weights of each layer go.
    Magnitude,
    /// The smallest `|w| * ||x||` of each output go (arXiv 2306.11695).
    Wanda,
    /// Relative importance and activations (Plug-and-Play, ICLR 2024), the smallest of each layer go.
    Ria,
    /// Optimal-brain-surgeon sweep with compensation (arXiv 2301.00774).
    #[serde(rename = "sparsegpt")]
    SparseGpt,
    /// ADMM on the layer's least-squares problem with a gradually growing mask (arXiv 2401.02938).
    LAdmm,
    /// ADMM with a penalty schedule, then conjugate gradients on the support (arXiv 2406.07831).
    Alps,
    /// Each block trained to reproduce its dense output, flatly and sparsely (ICML 2025).
    Safe,
    /// A random mask, then training of the whole model under it: the control that every trained mask must beat.
    #[serde(rename = "random+finetune")]
    RandomFinetune,
    /// Wanda, then training of the whole model under its mask.
    #[serde(rename = "wanda+finetune")]
    WandaFinetune,
    /// Training of the whole model with its sparse copy by ADMM (arXiv 2510.01650).
    Elsa,
    /// The same with its state in 8 and 16 bits.
    ElsaL,
}

impl Method {
    /// All methods, controls first.
    pub const ALL: [Self; 12] = [
        Self::Random,
        Self::Magnitude,
        Self::Wanda,
        Self::Ria,
        Self::SparseGpt,
        Self::LAdmm,
        Self::Alps,
        Self::Safe,
        Self::RandomFinetune,
        Self::WandaFinetune,
        Self::Elsa,
        Self::ElsaL,
    ];

    /// The methods that see one layer at a time.
    pub const LAYERWISE: [Self; 7] = [
        Self::Random,
        Self::Magnitude,
        Self::Wanda,
        Self::Ria,
        Self::SparseGpt,
        Self::LAdmm,
        Self::Alps,
    ];

    /// The name as recipes and the command line spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Magnitude => "magnitude",
            Self::Wanda => "wanda",
            Self::Ria => "ria",
            Self::SparseGpt => "sparsegpt",
            Self::LAdmm => "l-admm",
            Self::Alps => "alps",
            Self::Safe => "safe",
            Self::RandomFinetune => "random+finetune",
            Self::WandaFinetune => "wanda+finetune",
            Self::Elsa => "elsa",
            Self::ElsaL => "elsa-l",
        }
    }

    /// Whether the method trains the whole model and so needs a text to learn from.
    pub fn trains_model(self) -> bool {
        self.first_stage().is_some() || matches!(self, Self::Elsa | Self::ElsaL)
    }

    /// The method whose mask the training keeps, if training is all that is left to do.
    pub fn first_stage(self) -> Option<Self> {
        match self {
            Self::RandomFinetune => Some(Self::Random),
            Self::WandaFinetune => Some(Self::Wanda),
            _ => None,
        }
    }

    /// Whether the method is a trivial control.
    pub fn is_control(self) -> bool {
        matches!(self, Self::Random | Self::Magnitude | Self::RandomFinetune)
    }

    /// What the method, or the first of its two stages, does to single layers, if it does anything there.
    pub fn build(self, options: &MethodOptions, seed: u64) -> Option<Box<dyn LayerMethod>> {
        let scope = |default| options.scope.unwrap_or(default);
        Some(match self.first_stage().unwrap_or(self) {
            Self::Random => Box::new(MaskOnly::new(Random::new(seed), scope(Scope::PerLayer))),
            Self::Magnitude => Box::new(MaskOnly::new(Magnitude, scope(Scope::PerLayer))),
            Self::Wanda => Box::new(MaskOnly::new(Wanda, scope(Scope::PerOutput))),
            Self::Ria => Box::new(MaskOnly::new(Ria::default(), scope(Scope::PerLayer))),
            Self::SparseGpt => Box::new(sparsegpt(options)),
            Self::LAdmm => Box::new(l_admm(options)),
            Self::Alps => Box::new(alps(options)),
            _ => return None,
        })
    }
}

/// Settings of the methods; each is ignored by the methods it does not concern.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct MethodOptions {
    /// Comparison group of the score-only methods and of elsa; by default per layer, and per output for Wanda.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Relative damping of the Gram matrix (sparsegpt and alps 0.01, l-admm 0.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damping: Option<NonNegative>,
    /// Iterations of l-admm (20) or alps (at most 300).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<usize>,
    /// How l-admm's mask grows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<AdmmSchedule>,
    /// Settings of safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safe: Option<Safe>,
}

fn sparsegpt(options: &MethodOptions) -> SparseGpt {
    let default = SparseGpt::default();
    SparseGpt {
        damping: options.damping.unwrap_or(default.damping),
        ..default
    }
}

fn l_admm(options: &MethodOptions) -> LAdmm {
    let default = LAdmm::default();
    LAdmm {
        damping: options.damping.unwrap_or(default.damping),
        iterations: options.iterations.unwrap_or(default.iterations),
        schedule: options.schedule.unwrap_or(default.schedule),
        ..default
    }
}

fn alps(options: &MethodOptions) -> Alps {
    let default = Alps::default();
    Alps {
        damping: options.damping.unwrap_or(default.damping),
        max_iterations: options.iterations.unwrap_or(default.max_iterations),
        ..default
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| Error::UnknownMethod {
                name: name.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}
