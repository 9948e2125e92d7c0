//! The methods by name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::run::unknown_method::UnknownMethod;

/// A pruning method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Removes random weights: the control that every method must beat.
    Random,
    /// Removes the smallest weights of each layer.
    Magnitude,
    /// Removes the smallest `|w| * ||x||` of each output (arXiv 2306.11695).
    Wanda,
    /// Removes the weights of the least relative importance with activations in each layer (Plug-and-Play, ICLR 2024).
    Ria,
    /// Removes by Wanda's score with a gradient of the block's output added to each input norm (arXiv 2503.04992).
    #[serde(rename = "wanda++")]
    WandaPlusPlus,
    /// Removes the weights with the smallest product with the loss's gradient in each layer (arXiv 1611.06440).
    Taylor,
    /// Removes the weights with the smallest squared product with the loss's gradients in each layer (arXiv
    /// 1801.05787).
    Fisher,
    /// Sweeps over the inputs as an optimal brain surgeon, and compensates in later weights (arXiv 2301.00774).
    #[serde(rename = "sparsegpt")]
    SparseGpt,
    /// Solves the layer's least-squares problem by ADMM with a gradually growing mask (arXiv 2401.02938).
    LAdmm,
    /// Solves the layer's problem by ADMM with a penalty schedule, then by conjugate gradients on the support (arXiv
    /// 2406.07831).
    Alps,
    /// Trains each block to reproduce its dense output, flatly and sparsely (ICML 2025).
    Safe,
    /// Trains the whole model under a random mask: the control that every trained mask must beat.
    #[serde(rename = "random+finetune")]
    RandomFinetune,
    /// Trains the whole model under Wanda's mask.
    #[serde(rename = "wanda+finetune")]
    WandaFinetune,
    /// Trains the whole model with its sparse copy by ADMM (arXiv 2510.01650).
    Elsa,
    /// Trains as ELSA with its state in 8 and 16 bits.
    ElsaL,
}

impl Method {
    /// All methods, controls first.
    pub const ALL: [Self; 15] = [
        Self::Random,
        Self::Magnitude,
        Self::Wanda,
        Self::Ria,
        Self::WandaPlusPlus,
        Self::Taylor,
        Self::Fisher,
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
    pub const LAYERWISE: [Self; 10] = [
        Self::Random,
        Self::Magnitude,
        Self::Wanda,
        Self::Ria,
        Self::WandaPlusPlus,
        Self::Taylor,
        Self::Fisher,
        Self::SparseGpt,
        Self::LAdmm,
        Self::Alps,
    ];

    /// The name in recipes and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Magnitude => "magnitude",
            Self::Wanda => "wanda",
            Self::Ria => "ria",
            Self::WandaPlusPlus => "wanda++",
            Self::Taylor => "taylor",
            Self::Fisher => "fisher",
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

    /// Whether the method is a trivial control.
    pub fn is_control(self) -> bool {
        matches!(self, Self::Random | Self::Magnitude | Self::RandomFinetune)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(name: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| UnknownMethod {
                name: name.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}
