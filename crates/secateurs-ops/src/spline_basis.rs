//! The functions on the edges of a layer and their parameters.

use burn::tensor::Tensor;

pub use crate::spline_beyond::Beyond;

/// The largest degree that a spline may have.
pub const MAX_DEGREE: usize = 5;

/// The B-spline basis of each input of a layer.
#[derive(Debug, Clone)]
pub struct SplineBasis {
    /// `[d_input, n_knots]`, in ascending order: `degree` knots, the interior ones from first to last, `degree` more.
    pub knots: Tensor<2>,
    /// Degree of the piecewise polynomials, at most [`MAX_DEGREE`].
    pub degree: usize,
    /// Continuation of a function outside the interior knots.
    pub beyond: Beyond,
}

impl SplineBasis {
    /// Number of basis functions: `n_knots - degree - 1`.
    pub fn n_basis(&self) -> usize {
        self.knots.dims()[1] - self.degree - 1
    }
}

/// Parameters of the functions on all edges of a layer.
#[derive(Debug, Clone)]
pub struct SplineWeights {
    /// `[d_input, n_basis, d_output]`.
    pub coefficients: Tensor<3>,
    /// Weights of SiLU: `[d_input, d_output]`.
    pub base: Tensor<2>,
}
