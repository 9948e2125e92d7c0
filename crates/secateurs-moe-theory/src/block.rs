//! Values of a mixture on a block of rows, and their derivatives by its parameters.

use faer::{Mat, MatRef};

use crate::activation::{hermite3, hermite3_slope, sigmoid};
use crate::matrix::{column, column_mut, dot};

/// Gates and activations of all experts on a block of rows.
pub(crate) struct Block {
    /// Products with experts, `[n_rows, n_experts]`.
    projections: Mat<f64>,
    /// Gates `g = sigmoid(X V')`, `[n_rows, n_experts]`.
    gates: Mat<f64>,
    /// Activations `h = He3(X W')`, `[n_rows, n_experts]`.
    activations: Mat<f64>,
}

impl Block {
    /// Computes gates and activations from the products of rows with routers, then with experts:
    /// `[n_rows, 2 n_experts]`.
    pub(crate) fn new(projections: MatRef<'_, f64>) -> Self {
        let n_experts = projections.ncols() / 2;
        let [routed, projections] = [0, n_experts].map(|first| projections.subcols(first, n_experts).to_owned());
        Self {
            gates: map(&routed, sigmoid),
            activations: map(&projections, hermite3),
            projections,
        }
    }

    fn n_experts(&self) -> usize {
        self.gates.ncols()
    }

    /// Output of each expert without its weight, `g h`, `[n_rows, n_experts]`.
    pub(crate) fn expert_outputs(&self) -> Mat<f64> {
        let mut outputs = self.gates.clone();
        for i in 0..self.n_experts() {
            let activations = column(&self.activations, i);
            column_mut(&mut outputs, i)
                .iter_mut()
                .zip(activations)
                .for_each(|(g, h)| *g *= h);
        }
        outputs
    }

    /// The mixture `f` on each row.
    pub(crate) fn outputs(&self, weights: &[f64]) -> Vec<f64> {
        weighted_sums(&self.expert_outputs(), weights)
    }

    /// The matrix `C` of the gradient `C'X` for routers, then experts: `[n_rows, 2 n_experts]`, where `signal` is the
    /// gradient of the loss with respect to `f`.
    pub(crate) fn coefficients(&self, weights: &[f64], signal: &[f64]) -> Mat<f64> {
        let n_experts = self.n_experts();
        let mut coefficients = Mat::zeros(signal.len(), 2 * n_experts);
        for (i, weight) in weights.iter().enumerate() {
            let (gates, activations) = (column(&self.gates, i), column(&self.activations, i));
            let of_gates = signal.iter().zip(gates).map(|(s, g)| s * weight * g);
            let of_router = of_gates
                .clone()
                .zip(gates)
                .zip(activations)
                .map(|((s, g), h)| s * (1.0 - g) * h);
            fill(column_mut(&mut coefficients, i), of_router);
            let slopes = column(&self.projections, i).iter().map(|z| hermite3_slope(*z));
            fill(
                column_mut(&mut coefficients, n_experts + i),
                of_gates.zip(slopes).map(|(s, slope)| s * slope),
            );
        }
        coefficients
    }

    /// The gradient for weights, `sum_rows signal g h`.
    pub(crate) fn weight_gradient(&self, signal: &[f64]) -> Vec<f64> {
        let outputs = self.expert_outputs();
        (0..self.n_experts())
            .map(|i| dot(column(&outputs, i), signal))
            .collect()
    }
}

/// The product `matrix * weights`.
pub(crate) fn weighted_sums(matrix: &Mat<f64>, weights: &[f64]) -> Vec<f64> {
    let mut sums = vec![0.0; matrix.nrows()];
    for (i, weight) in weights.iter().enumerate() {
        sums.iter_mut()
            .zip(column(matrix, i))
            .for_each(|(sum, value)| *sum += weight * value);
    }
    sums
}

fn map(matrix: &Mat<f64>, function: impl Fn(f64) -> f64) -> Mat<f64> {
    let mut mapped = matrix.clone();
    for j in 0..matrix.ncols() {
        column_mut(&mut mapped, j)
            .iter_mut()
            .for_each(|value| *value = function(*value));
    }
    mapped
}

fn fill(out: &mut [f64], values: impl Iterator<Item = f64>) {
    out.iter_mut().zip(values).for_each(|(out, value)| *out = value);
}
