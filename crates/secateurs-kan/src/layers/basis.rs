//! The functions of one variable that edges combine.

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData, activation};
use secateurs_ops::{Beyond, SplineBasis, SplineWeights, spline_basis, spline_linear};
use serde::{Deserialize, Serialize};

use crate::layers::grid::Grid;

/// Parameters of the functions on all edges of a layer.
#[derive(Debug, Clone)]
pub struct EdgeWeights {
    /// Weights of the basis functions: `[d_input, n_basis, d_output]`.
    pub coefficients: Tensor<3>,
    /// Weights of SiLU: `[d_input, d_output]`.
    pub base: Tensor<2>,
}

/// A family of functions of one variable, the same number for each input of a layer.
pub trait EdgeBasis {
    /// Values of all functions, `B_m(x_i)`: from `[batch, d_input]` to `[batch, d_input, n_basis]`.
    fn values(&self, x: Tensor<2>) -> Tensor<3>;

    /// Applies the functions: `y_o = sum_i (base[i, o] silu(x_i) + sum_m coefficients[i, m, o] B_m(x_i))`, from
    /// `[batch, d_input]` to `[batch, d_output]`.
    fn apply(&self, x: Tensor<2>, weights: EdgeWeights) -> Tensor<2> {
        let [d_input, n_basis, d_output] = weights.coefficients.dims();
        let batch = x.dims()[0];
        let values = self.values(x.clone()).reshape([batch, d_input * n_basis]);
        let coefficients = weights.coefficients.reshape([d_input * n_basis, d_output]);
        values.matmul(coefficients) + activation::silu(x).matmul(weights.base)
    }
}

/// Family of the functions on the edges of a network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BasisConfig {
    /// B-splines on a grid that can be moved and refined.
    BSpline {
        /// Degree of the polynomials, from 1 to 5; cubic if 3.
        degree: usize,
        /// Intervals between the interior knots.
        n_intervals: usize,
    },
    /// Chebyshev polynomials of `tanh(x)`, from degree 0 on.
    Chebyshev {
        /// The highest degree of the polynomials.
        degree: usize,
    },
    /// Gaussian bumps `exp(-((x - centre) / distance)^2)` at equal distances from -2 to 2.
    GaussianRbf {
        /// Number of bumps, at least 2.
        n_centres: usize,
    },
}

impl BasisConfig {
    /// Number of functions for each input.
    pub fn n_basis(&self) -> usize {
        match *self {
            Self::BSpline { degree, n_intervals } => degree + n_intervals,
            Self::Chebyshev { degree } => degree + 1,
            Self::GaussianRbf { n_centres } => n_centres,
        }
    }
}

/// A basis of any family.
#[derive(Module, Debug)]
pub enum Basis {
    /// B-splines.
    BSpline(BSpline),
    /// Chebyshev polynomials.
    Chebyshev(Chebyshev),
    /// Gaussian bumps.
    GaussianRbf(GaussianRbf),
}

impl EdgeBasis for Basis {
    fn values(&self, x: Tensor<2>) -> Tensor<3> {
        match self {
            Self::BSpline(basis) => basis.values(x),
            Self::Chebyshev(basis) => basis.values(x),
            Self::GaussianRbf(basis) => basis.values(x),
        }
    }

    fn apply(&self, x: Tensor<2>, weights: EdgeWeights) -> Tensor<2> {
        match self {
            Self::BSpline(basis) => basis.apply(x, weights),
            Self::Chebyshev(basis) => basis.apply(x, weights),
            Self::GaussianRbf(basis) => basis.apply(x, weights),
        }
    }
}

/// B-splines; each input has its own knots.
#[derive(Module, Debug)]
pub struct BSpline {
    /// Knots, `[d_input, n_intervals + 2 * degree + 1]`.
    knots: Tensor<2>,
    degree: usize,
    #[module(skip)]
    beyond: Beyond,
}

impl BSpline {
    /// Creates splines on a grid; knots that would coincide in this precision are moved apart.
    pub fn new(grid: &Grid, beyond: Beyond, device: &Device, dtype: DType) -> Self {
        let grid = grid.resolved(dtype);
        let shape = [grid.d_input(), grid.n_knots()];
        let knots = TensorData::new(grid.knots().to_vec(), shape);
        Self {
            knots: Tensor::from_data(knots, (device, dtype)),
            degree: grid.degree(),
            beyond,
        }
    }

    /// The grid, for the host.
    pub fn grid(&self) -> Grid {
        let [d_input, _] = self.knots.dims();
        let knots = self.knots.to_data().iter().collect();
        Grid::from_knots(knots, d_input, self.degree).expect("only grids make splines")
    }

    /// Behaviour of the functions beyond the interior knots.
    pub fn beyond(&self) -> Beyond {
        self.beyond
    }

    fn on_edges(&self) -> SplineBasis {
        SplineBasis {
            knots: self.knots.clone(),
            degree: self.degree,
            beyond: self.beyond,
        }
    }
}

impl EdgeBasis for BSpline {
    fn values(&self, x: Tensor<2>) -> Tensor<3> {
        spline_basis(x, &self.on_edges())
    }

    fn apply(&self, x: Tensor<2>, weights: EdgeWeights) -> Tensor<2> {
        let EdgeWeights { coefficients, base } = weights;
        spline_linear(x, &self.on_edges(), SplineWeights { coefficients, base })
    }
}

/// The Chebyshev polynomials `T_n(tanh x)` for n up to the degree.
#[derive(Module, Debug)]
pub struct Chebyshev {
    degree: usize,
}

impl Chebyshev {
    /// Polynomials up to a degree.
    pub fn new(degree: usize) -> Self {
        Self { degree }
    }
}

impl EdgeBasis for Chebyshev {
    fn values(&self, x: Tensor<2>) -> Tensor<3> {
        let u: Tensor<3> = x.tanh().unsqueeze_dim(2);
        // By recurrence: the form with arc cosines has no gradient where |tanh x| rounds to 1.
        let mut all = vec![u.ones_like()];
        if self.degree > 0 {
            all.push(u.clone());
        }
        for n in 2..=self.degree {
            all.push(u.clone() * all[n - 1].clone() * 2.0 - all[n - 2].clone());
        }
        Tensor::cat(all, 2)
    }
}

/// Gaussian bumps at equal distances.
#[derive(Module, Debug)]
pub struct GaussianRbf {
    /// Centres, `[n_centres]`.
    centres: Tensor<1>,
    inverse_distance: f64,
}

impl GaussianRbf {
    /// Creates bumps at equal distances from -2 to 2.
    pub fn new(n_centres: usize, device: &Device, dtype: DType) -> Self {
        let distance = 4.0 / (n_centres.max(2) - 1) as f64;
        let centres: Vec<f64> = (0..n_centres).map(|n| n as f64 * distance - 2.0).collect();
        Self {
            centres: Tensor::from_data(TensorData::new(centres, [n_centres]), (device, dtype)),
            inverse_distance: 1.0 / distance,
        }
    }
}

impl EdgeBasis for GaussianRbf {
    fn values(&self, x: Tensor<2>) -> Tensor<3> {
        let x: Tensor<3> = x.unsqueeze_dim(2);
        let distances = (x - self.centres.clone().unsqueeze()) * self.inverse_distance;
        (-(distances.clone() * distances)).exp()
    }
}

impl Basis {
    /// The functions of some of the inputs.
    pub(crate) fn select(&self, inputs: &[usize]) -> Self {
        match self {
            Self::BSpline(basis) => {
                let at = crate::layers::nodes::indices(inputs, &basis.knots.device());
                Self::BSpline(BSpline {
                    knots: basis.knots.clone().select(0, at),
                    degree: basis.degree,
                    beyond: basis.beyond,
                })
            }
            shared => shared.clone(),
        }
    }
}
