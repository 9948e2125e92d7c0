//! The gradient of half the mean squared error.

use faer::Mat;

use crate::block::Block;
use crate::draws::frame::{Draws, Frame};
use crate::error::{Result, at_least_one, same_size};
use crate::matrix::{column, product, rows};
use crate::mixture::Mixture;

/// Gradient and value of half the mean squared error on some rows, without any constraint to a sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// Loss `1/2 mean (f - y)^2`.
    pub loss: f64,
    /// Gradient for routers, `[n_experts, d_input]`.
    pub routers: Vec<f64>,
    /// Gradient for experts, `[n_experts, d_input]`.
    pub experts: Vec<f64>,
    /// Gradient for weights, `[n_experts]`.
    pub weights: Vec<f64>,
}

/// The gradient of `1/2 mean (f(x) - y)^2` on given rows.
///
/// With `g = sigmoid(X V')`, `h = He3(X W')`, `r = (g h) a - y` and `G = r / n_rows`: `(G h g (1 - g) a)' X` for routers,
/// `(G g He3'(X W') a)' X` for experts, and `sum_rows G g h` for weights.
///
/// # Shapes
///
/// `inputs`: `[n_rows, d_input]`, row by row; `targets`: `[n_rows]`.
///
/// # Errors
///
/// If there are no rows, or sizes do not fit.
pub fn gradient(mixture: &Mixture, inputs: &[f64], targets: &[f64]) -> Result<Gradient> {
    let n_rows = at_least_one("the number of rows", targets.len())?;
    same_size("numbers of rows", n_rows * mixture.d_input(), inputs.len())?;
    let inputs = rows(inputs, mixture.d_input());
    let frame = Frame::new(&[mixture], Draws::Rows);
    let block = Block::new(product(inputs, frame.coordinates.as_ref()).as_ref());
    let outputs = block.outputs(&mixture.weights);
    let residuals: Vec<f64> = outputs
        .iter()
        .zip(targets)
        .map(|(output, target)| output - target)
        .collect();
    let vectors = product(
        inputs.transpose(),
        block.coefficients(&mixture.weights, &residuals).as_ref(),
    );
    let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let n = n_rows as f64;
    let sums = GradientSums {
        squares,
        vectors: &vectors,
        weights: block.weight_gradient(&residuals),
    };
    Ok(sums.mean(n))
}

/// Sums over rows.
pub(crate) struct GradientSums<'a> {
    /// Sum of squared residuals.
    pub(crate) squares: f64,
    /// Gradient for routers and then experts, `[d_input, 2 n_experts]`.
    pub(crate) vectors: &'a Mat<f64>,
    /// Gradient for weights, `[n_experts]`.
    pub(crate) weights: Vec<f64>,
}

impl GradientSums<'_> {
    /// The gradient of half the mean over `n` rows.
    pub(crate) fn mean(self, n: f64) -> Gradient {
        let of = |columns: std::ops::Range<usize>| -> Vec<f64> {
            let values = columns.flat_map(|j| column(self.vectors, j));
            values.map(|sum| sum / n).collect()
        };
        let n_experts = self.weights.len();
        Gradient {
            loss: 0.5 * self.squares / n,
            routers: of(0..n_experts),
            experts: of(n_experts..2 * n_experts),
            weights: self.weights.iter().map(|sum| sum / n).collect(),
        }
    }
}
