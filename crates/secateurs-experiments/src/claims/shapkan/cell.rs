//! The measurements on the networks of one function with one seed.

use serde::{Deserialize, Serialize};

/// The effect of a shift on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Variant {
    /// The network of the unshifted domain is evaluated on the shifted one.
    Fixed,
    /// Another one learns `f(x - shift)` there.
    Refit,
}

impl Variant {
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Refit => "refit",
        }
    }
}

/// Nodes that are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ranked {
    Inputs,
    Hidden,
}

impl Ranked {
    pub fn name(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Hidden => "hidden",
        }
    }

    pub fn layer(self) -> usize {
        match self {
            Self::Inputs => 0,
            Self::Hidden => 1,
        }
    }
}

/// The measurements of a cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NetworkCell {
    pub function: String,
    pub seed: u64,
    /// Error on test rows, before pruning.
    pub rmse: f64,
    pub agreements: Vec<Agreement>,
    pub refits: Vec<Refit>,
    pub pruned: Vec<Pruned>,
}

/// Ranks on a shifted domain beside those on the unshifted one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Agreement {
    pub variant: Variant,
    pub ranked: Ranked,
    pub shift: f64,
    pub method: String,
    /// Absent where all scores are tied.
    pub tau: Option<f64>,
    pub overlap: f64,
}

/// A network that learned on a shifted domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refit {
    pub shift: f64,
    pub rmse: f64,
    /// Mean absolute correlation of hidden nodes with those of the unshifted network that they were matched with.
    pub correlation: f64,
}

/// A network with so many nodes left in each hidden layer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pruned {
    pub method: String,
    pub folded: bool,
    pub nodes: usize,
    pub rmse: f64,
    /// Error after a short training without penalty; absent where it was not done or diverged.
    pub refitted: Option<f64>,
}
