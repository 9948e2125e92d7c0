//! The data behind scores of nodes or edges, and scores that know their layer.

use burn::tensor::Tensor;
use secateurs_importance::ImportanceError;
use secateurs_tensor::{TensorError, UnitScores};

use crate::layers::network::Kan;
use crate::{KanError, Result};

/// A layer of a network with rows of inputs: the data for scores of its nodes and edges.
#[derive(Debug, Clone)]
pub struct ObservedLayer {
    /// The whole network.
    pub kan: Kan,
    /// Layer of the edges, and of the nodes at which they begin: 0 for the inputs.
    pub layer: usize,
    /// Rows in the units of the user: `[rows, d_input]`
    pub x: Tensor<2>,
}

impl ObservedLayer {
    /// Adds the path of this layer to an error of a score.
    pub(crate) fn failed(&self, importance: &str, error: KanError) -> ImportanceError {
        ImportanceError::Custom {
            importance: importance.to_owned(),
            path: layer_path(self.layer),
            source: Box::new(error),
        }
    }

    /// Refuses a layer that the network does not have.
    pub(crate) fn check(&self) -> Result<()> {
        check_layer(&self.kan, self.layer)
    }
}

/// Refuses a layer of edges that a network does not have.
pub(crate) fn check_layer(kan: &Kan, layer: usize) -> Result<()> {
    if layer < kan.layers.len() {
        return Ok(());
    }
    Err(KanError::NoSuch {
        what: "layer with outgoing edges",
        index: layer,
        count: kan.layers.len(),
    })
}

/// Path of a layer of edges in the module.
pub(crate) fn layer_path(layer: usize) -> String {
    format!("layers.{layer}")
}

/// Path of the nodes at which the edges of a layer begin.
pub(crate) fn nodes_path(layer: usize) -> String {
    match layer.checked_sub(1) {
        None => "inputs".to_owned(),
        Some(before) => format!("layers.{before}.nodes"),
    }
}

/// Scores of the units of a layer; each unit belongs to a node.
///
/// # Errors
///
/// [`KanError::NanScore`] for the first NaN.
pub(crate) fn layer_scores(layer: usize, values: Vec<f64>, node_of: impl Fn(usize) -> usize) -> Result<UnitScores> {
    UnitScores::new(values).map_err(|error| match error {
        TensorError::NanUnitScore { unit } => KanError::NanScore {
            layer,
            node: node_of(unit),
        },
        error => KanError::Tensor(error),
    })
}
