//! Networks of a learner, and the outputs that hold its outcomes.

use serde::{Deserialize, Serialize};

use crate::error::Arm;
use crate::learners::base::Output;

/// The ways of a learner to model outcomes without and with treatment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learner {
    /// One network of the covariates and the treatment; loss: the mean squared error.
    S,
    /// A network for each arm; loss: the sum of the mean squared errors of the two arms.
    T,
    /// One network with an output for each arm; loss as for `T`.
    Tar,
    /// A network as in `Tar`, with the logit of the probability of treatment as a third output; its cross-entropy is
    /// added to the loss.
    Dragon,
}

/// Location of a prediction: the network, its output, and its inputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Head {
    /// The network.
    pub network: usize,
    /// The output.
    pub output: usize,
    /// The last input, after the covariates; no further input if there is none.
    pub treatment: Option<f64>,
}

impl Learner {
    /// All learners.
    pub const ALL: [Self; 4] = [Self::S, Self::T, Self::Tar, Self::Dragon];

    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::T => "T",
            Self::Tar => "TAR",
            Self::Dragon => "Dragon",
        }
    }

    /// Number of networks.
    pub fn n_networks(self) -> usize {
        if self == Self::T { 2 } else { 1 }
    }

    /// Inputs of each network.
    pub fn d_network(self, d_input: usize) -> usize {
        d_input + usize::from(self == Self::S)
    }

    /// Outputs of each network.
    pub fn outputs(self) -> &'static [Output] {
        match self {
            Self::S | Self::T => &[Output::Outcome],
            Self::Tar => &[Output::Outcome, Output::Outcome],
            Self::Dragon => &[Output::Outcome, Output::Outcome, Output::Propensity],
        }
    }

    /// Location of the outcome of an arm.
    pub fn head(self, arm: Arm) -> Head {
        let (network, output) = match self {
            Self::S => (0, 0),
            Self::T => (arm.index(), 0),
            Self::Tar | Self::Dragon => (0, arm.index()),
        };
        Head {
            network,
            output,
            treatment: (self == Self::S).then_some(arm.index() as f64),
        }
    }

    /// Location of the logit of the probability of treatment.
    pub fn propensity_head(self) -> Option<Head> {
        (self == Self::Dragon).then_some(Head {
            network: 0,
            output: 2,
            treatment: None,
        })
    }
}
