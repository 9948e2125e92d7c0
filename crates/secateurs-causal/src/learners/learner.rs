//! Networks of a learner, and their outputs that are the outcomes.

use serde::{Deserialize, Serialize};

use crate::error::Arm;
use crate::learners::base::Output;

/// Ways to tell outcomes without and with treatment apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Learner {
    /// One network of the covariates and the treatment; loss: the mean of squared errors.
    S,
    /// A network for each arm; loss: the sum of the means of squared errors over the two arms.
    T,
    /// One network with an output for each arm; the same loss.
    Tar,
    /// A network as `Tar`, with the logit of the probability of treatment as a third output, whose cross-entropy is added to the loss.
    Dragon,
}

/// Where a network says something: which of the networks, which of its outputs, and at which inputs.
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
    /// All of them.
    pub const ALL: [Self; 4] = [Self::S, Self::T, Self::Tar, Self::Dragon];

    /// Its name in tables.
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

    /// Where the outcome of an arm is.
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

    /// Where the logit of the probability of treatment is.
    pub fn propensity_head(self) -> Option<Head> {
        (self == Self::Dragon).then_some(Head {
            network: 0,
            output: 2,
            treatment: None,
        })
    }
}
