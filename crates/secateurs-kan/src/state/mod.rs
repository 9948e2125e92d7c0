//! A network as plain values that any file can hold.

mod curves;
mod read;
mod shapes;
mod write;

use burn::tensor::TensorData;
use secateurs_ops::Beyond;
use serde::{Deserialize, Serialize};

use crate::layers::basis::BasisConfig;
use crate::layers::nodes::{Affine, Width};
use crate::symbolic::edges::SymbolicEdge;

/// The version of [`KanState`] that this crate writes and reads.
pub const STATE_VERSION: u64 = 1;

/// The shape of a network, and its numbers by name.
///
/// Layer `l` has the tensors, with `n_subnodes` and `n_nodes` of its width:
///
/// | name | shape |
/// |---|---|
/// | `layers.{l}.coefficients` | `[d_input, n_basis, n_subnodes]` |
/// | `layers.{l}.base` | `[d_input, n_subnodes]` |
/// | `layers.{l}.keep`, if edges were pruned; 0 or 1 | `[d_input, n_subnodes]` |
/// | `layers.{l}.knots`, of splines | `[d_input, n_intervals + 2 * degree + 1]` |
/// | `layers.{l}.subnode_scale`, `layers.{l}.subnode_bias` | `[n_subnodes]` |
/// | `layers.{l}.scale`, `layers.{l}.bias` | `[n_nodes]` |
/// | `layers.{l}.curves`, if edges have formulas: their parameters one after the other | `[n_parameters]` |
/// | `inputs.centre`, `inputs.size`, if inputs have [scales](crate::Scales) | `[d_input]`, in double precision |
/// | `outputs.centre`, `outputs.size`, if outputs have scales | `[d_output]`, in double precision |
///
/// All others have one element type. Reading what was written gives the same network to the last bit.
#[derive(Debug, Clone, PartialEq)]
pub struct KanState {
    /// Shape of the network.
    pub config: StateConfig,
    /// Numbers of the network, by name of the tensor.
    pub tensors: Vec<(String, TensorData)>,
}

/// The shape of a network, for a file's header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateConfig {
    /// The [`STATE_VERSION`] of the program that wrote it.
    pub version: u64,
    /// Nodes of each layer, inputs first.
    pub widths: Vec<Width>,
    /// Shapes of the layers, one fewer than widths.
    pub layers: Vec<LayerConfig>,
    /// Sides whose scales will be taken from the first data that the network is fitted to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<Side>,
}

/// One of the ends of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The inputs.
    Inputs,
    /// The outputs.
    Outputs,
}

impl Side {
    /// Name of the side in names of tensors.
    fn name(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Outputs => "outputs",
        }
    }
}

/// Facts about one layer that its tensors do not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerConfig {
    /// The functions on the edges of the layer.
    pub basis: BasisConfig,
    /// Behaviour of splines beyond their grid.
    #[serde(with = "BeyondName")]
    pub beyond: Beyond,
    /// Whether scales and biases learn.
    pub affine: Affine,
    /// Edges that are curves with formulas.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "curves")]
    pub curves: Vec<SymbolicEdge>,
}

/// The names of [`Beyond`] in files.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Beyond", rename_all = "kebab-case")]
enum BeyondName {
    Taper,
    Clamp,
    Linear,
}
