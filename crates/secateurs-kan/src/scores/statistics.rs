//! Means and deviations of the values in a network.

use burn::tensor::Tensor;

use crate::layers::layer::{KanLayer, LayerActivations};
use crate::layers::network::Kan;
use crate::layers::nodes::Width;
use crate::scaling::precision::epsilon;
use crate::{KanError, Result};

/// Number of units in the last place below which a deviation is rounding.
const ROUNDING: f64 = 8.0;

/// Statistics of one layer over a batch; deviations are sample deviations (divided by `n - 1`), and 0 where they are
/// rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerStatistics {
    /// Number of inputs.
    pub d_input: usize,
    /// The nodes of the layer.
    pub width: Width,
    /// Mean contribution of each edge, `[d_input, n_subnodes]`.
    pub edge_means: Vec<f64>,
    /// Deviation of each edge, `[d_input, n_subnodes]`.
    pub edge_deviations: Vec<f64>,
    /// Deviations of the sums: `[n_subnodes]`
    pub sum_deviations: Vec<f64>,
    /// Deviations of the inputs: `[d_input]`
    pub input_deviations: Vec<f64>,
}

impl Kan {
    /// Means and deviations in every layer on `x`, `[rows, d_input]`, in scaled numbers.
    ///
    /// # Errors
    ///
    /// If there are fewer than two rows, or a value in the network is NaN or infinite.
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
        let noise = ROUNDING * epsilon(input.dtype());
        let n = (rows - 1) as f64;
        let means = edges.clone().mean_dim(1);
        let sizes: Vec<f64> = numbers(edges.clone().abs().max_dim(1));
        let of_edges: Vec<f64> = numbers(((edges - means.clone()).powi_scalar(2).sum_dim(1) / n).sqrt());
        let of_columns =
            |x: Tensor<2>| -> Vec<f64> { numbers(((x.clone() - x.mean_dim(0)).powi_scalar(2).sum_dim(0) / n).sqrt()) };
        let above = |deviations: Vec<f64>, sizes: &[f64]| -> Vec<f64> {
            let pairs = deviations.into_iter().zip(sizes);
            // NaN stays.
            pairs
                .map(|(deviation, size)| if deviation <= noise * size { 0.0 } else { deviation })
                .collect()
        };
        let input_sizes: Vec<f64> = numbers(input.clone().abs().max_dim(0));
        let n_subnodes = self.width().n_subnodes();
        let sum_sizes: Vec<f64> = (0..n_subnodes)
            .map(|subnode| sizes.iter().skip(subnode).step_by(n_subnodes).sum())
            .collect();
        let statistics = LayerStatistics {
            d_input: self.d_input(),
            width: self.width(),
            edge_means: numbers(means),
            edge_deviations: above(of_edges, &sizes),
            sum_deviations: above(of_columns(sums), &sum_sizes),
            input_deviations: above(of_columns(input), &input_sizes),
        };
        if let Some(at) = statistics.edge_means.iter().position(|mean| !mean.is_finite()) {
            return Err(KanError::NanScore {
                layer: number,
                node: at % n_subnodes,
            });
        }
        Ok((statistics, output))
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}
