//! Means and deviations of what flows through a network.

use burn::tensor::Tensor;

use crate::layer::{KanLayer, LayerActivations};
use crate::network::Kan;
use crate::nodes::Width;
use crate::{KanError, Result};

/// Of one layer over a batch; deviations are those of a sample (divided by `n - 1`).
#[derive(Debug, Clone, PartialEq)]
pub struct LayerStatistics {
    /// Number of inputs.
    pub d_input: usize,
    /// Nodes of the layer.
    pub width: Width,
    /// Mean of what each edge adds: `[d_input, n_subnodes]`
    pub edge_means: Vec<f64>,
    /// `[d_input, n_subnodes]`
    pub edge_deviations: Vec<f64>,
    /// Deviations of the sums: `[n_subnodes]`
    pub sum_deviations: Vec<f64>,
    /// Deviations of the inputs: `[d_input]`
    pub input_deviations: Vec<f64>,
}

impl Kan {
    /// Means and deviations in every layer when `x`, `[rows, d_input]`, flows through, in scaled numbers.
    ///
    /// # Errors
    ///
    /// If there are fewer than two rows, or a value that flows is NaN or infinite.
    pub fn statistics(&self, x: Tensor<2>) -> Result<Vec<LayerStatistics>> {
        let mut all = Vec::new();
        let mut x = self.scaled(x);
        for (number, layer) in self.layers.iter().enumerate() {
            let (statistics, output) = layer.statistics(x, number)?;
            all.push(statistics);
            x = output;
        }
        Ok(all)
    }
}

impl KanLayer {
    /// Statistics of the layer, and its output.
    pub(crate) fn statistics(&self, x: Tensor<2>, number: usize) -> Result<(LayerStatistics, Tensor<2>)> {
        let rows = x.dims()[0];
        if rows < 2 {
            return Err(KanError::TooFewRows {
                what: "rows for statistics",
                least: 2,
                got: rows,
            });
        }
        let LayerActivations {
            input,
            edges,
            sums,
            output,
        } = self.activations(x);
        let n = (rows - 1) as f64;
        let means = edges.clone().mean_dim(1);
        let of_edges = (edges - means.clone()).powi_scalar(2).sum_dim(1) / n;
        let of_columns = |x: Tensor<2>| {
            let variance = (x.clone() - x.mean_dim(0)).powi_scalar(2).sum_dim(0) / n;
            variance.sqrt().into_data().iter().collect()
        };
        let statistics = LayerStatistics {
            d_input: self.d_input(),
            width: self.width(),
            edge_means: means.into_data().iter().collect(),
            edge_deviations: of_edges.sqrt().into_data().iter().collect(),
            sum_deviations: of_columns(sums),
            input_deviations: of_columns(input),
        };
        let n_subnodes = statistics.sum_deviations.len();
        if let Some(at) = statistics.edge_means.iter().position(|mean| !mean.is_finite()) {
            return Err(KanError::NanScore {
                layer: number,
                node: at % n_subnodes,
            });
        }
        Ok((statistics, output))
    }
}
