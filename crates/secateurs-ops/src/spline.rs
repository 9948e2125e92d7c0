//! Splines on the edges of a layer (Kolmogorov-Arnold networks).

use burn::tensor::Tensor;

use crate::spline_basis::{MAX_DEGREE, SplineBasis, SplineWeights};

/// Values of all basis functions, `B_m(x_i)` by the recursion of Cox and de Boor.
///
/// Functions whose knots coincide are zero. A NaN in `x` gives NaN.
///
/// # Shapes
///
/// `x`: `[batch, d_input]`; result `[batch, d_input, n_basis]`.
///
/// # Panics
///
/// If `d_input` of `x` and the knots differ, the degree exceeds [`MAX_DEGREE`], or there are fewer than
/// `2 * degree + 2` knots.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use secateurs_ops::{Beyond, SplineBasis, spline_basis};
///
/// let device = Device::default();
/// let knots = Tensor::<2>::from_floats([[-1.0, 0.0, 1.0, 2.0, 3.0]], &device);
/// let hats = SplineBasis { knots, degree: 1, beyond: Beyond::Taper };
/// let x = Tensor::<2>::from_floats([[0.25], [1.5], [3.5]], &device);
/// let values: Vec<f32> = spline_basis(x, &hats).into_data().iter().collect();
/// assert_eq!(values, [0.75, 0.25, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0]);
/// ```
pub fn spline_basis(x: Tensor<2>, basis: &SplineBasis) -> Tensor<3> {
    check(&x, basis);
    #[cfg(feature = "flex")]
    if crate::flex::takes_reals(&x) {
        use crate::flex::SplineOps;
        let out = <burn::backend::Dispatch as SplineOps>::spline_basis(
            x.into_dispatch(),
            basis.knots.clone().into_dispatch(),
            basis.degree,
            basis.beyond,
        );
        return Tensor::from_dispatch(out);
    }
    if x.dims()[0] == 0 {
        let [d_input, n_basis] = [x.dims()[1], basis.n_basis()];
        return Tensor::empty([0, d_input, n_basis], (&x.device(), x.dtype()));
    }
    crate::plain::spline_basis(x, basis)
}

/// Applies functions on edges and sums them at each output:
/// `y_o = sum_i (base[i, o] silu(x_i) + sum_m coefficients[i, m, o] B_m(x_i))`.
///
/// Of the `n_basis` functions only `degree + 1` are not zero at a point, and the fused code touches no others.
///
/// # Shapes
///
/// `x`: `[batch, d_input]`; result `[batch, d_output]`.
///
/// # Panics
///
/// If shapes do not agree, the degree exceeds [`MAX_DEGREE`], or there are fewer than `2 * degree + 2` knots.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use secateurs_ops::{Beyond, SplineBasis, SplineWeights, spline_linear};
///
/// let device = Device::default();
/// let knots = Tensor::<2>::from_floats([[-1.0, 0.0, 1.0, 2.0, 3.0]], &device);
/// let hats = SplineBasis { knots, degree: 1, beyond: Beyond::Clamp };
/// let weights = SplineWeights {
///     coefficients: Tensor::from_floats([[[4.0], [8.0], [6.0]]], &device), // at 0, 1 and 2
///     base: Tensor::zeros([1, 1], &device),
/// };
/// let x = Tensor::<2>::from_floats([[0.25], [1.5], [3.5]], &device);
/// let y: Vec<f32> = spline_linear(x, &hats, weights).into_data().iter().collect();
/// assert_eq!(y, [5.0, 7.0, 6.0]);
/// ```
///
/// # References
///
/// Liu et al., *KAN: Kolmogorov-Arnold Networks*, 2024, equations 2.10 and 2.12, arXiv:2404.19756.
/// **Deviates:** the scale of the spline is part of its coefficients.
pub fn spline_linear(x: Tensor<2>, basis: &SplineBasis, weights: SplineWeights) -> Tensor<2> {
    check(&x, basis);
    let (d_input, [d_base, d_output]) = (x.dims()[1], weights.base.dims());
    assert_eq!(d_base, d_input, "spline_linear: d_input of x and base differ");
    assert_eq!(
        weights.coefficients.dims(),
        [d_input, basis.n_basis(), d_output],
        "spline_linear: coefficients are not [d_input, n_basis, d_output]"
    );
    #[cfg(feature = "flex")]
    if crate::flex::takes_reals(&x) && d_output > 0 {
        use crate::flex::SplineOps;
        let out = <burn::backend::Dispatch as SplineOps>::spline_linear(
            x.into_dispatch(),
            basis.knots.clone().into_dispatch(),
            weights.coefficients.into_dispatch(),
            weights.base.into_dispatch(),
            basis.degree,
            basis.beyond,
        );
        return Tensor::from_dispatch(out);
    }
    if x.dims()[0] == 0 {
        return Tensor::empty([0, d_output], (&x.device(), x.dtype()));
    }
    crate::plain::spline_linear(x, basis, weights)
}

fn check(x: &Tensor<2>, basis: &SplineBasis) {
    let [d_input, n_knots] = basis.knots.dims();
    assert_eq!(x.dims()[1], d_input, "spline: d_input of x and knots differ");
    assert!(basis.degree <= MAX_DEGREE, "spline: degree above {MAX_DEGREE}");
    assert!(
        n_knots >= 2 * basis.degree + 2,
        "spline: {n_knots} knots are too few for degree {}",
        basis.degree
    );
}
