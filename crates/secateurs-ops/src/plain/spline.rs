//! The recursion of Cox and de Boor on whole tensors.

use burn::tensor::{Tensor, activation};

use crate::spline_basis::{Beyond, SplineBasis, SplineWeights};

/// See [`spline_basis`](crate::spline_basis).
pub fn spline_basis(x: Tensor<2>, basis: &SplineBasis) -> Tensor<3> {
    let knots = basis.knots.clone();
    let within = match basis.beyond {
        Beyond::Taper => x.clone(),
        Beyond::Clamp | Beyond::Linear => clamp_input(x.clone(), basis),
    };
    let last = match basis.beyond {
        Beyond::Taper => None,
        // The last interior interval includes its end.
        Beyond::Clamp | Beyond::Linear => Some(basis.n_basis() - 1),
    };
    let (values, slopes) = cox_de_boor(within.clone(), knots, (basis.degree, last));
    match basis.beyond {
        Beyond::Linear => {
            let beyond: Tensor<3> = (x - within).unsqueeze_dim(2);
            values + beyond * slopes
        }
        Beyond::Taper | Beyond::Clamp => values,
    }
}

/// See [`spline_linear`](crate::spline_linear).
pub fn spline_linear(x: Tensor<2>, basis: &SplineBasis, weights: SplineWeights) -> Tensor<2> {
    let [d_input, n_basis, d_output] = weights.coefficients.dims();
    let batch = x.dims()[0];
    let values = spline_basis(x.clone(), basis).reshape([batch, d_input * n_basis]);
    let coefficients = weights.coefficients.reshape([d_input * n_basis, d_output]);
    values.matmul(coefficients) + activation::silu(x).matmul(weights.base)
}

/// Moves the input to the nearest point between the first and the last interior knot; the gradient outside is zero.
fn clamp_input(x: Tensor<2>, basis: &SplineBasis) -> Tensor<2> {
    let end = |index: usize| basis.knots.clone().narrow(1, index, 1).swap_dims(0, 1); // [1, d_input]
    let (low, high) = (end(basis.degree), end(basis.n_basis()));
    let shape = x.dims();
    let below = x.clone().lower(low.clone());
    let above = x.clone().greater(high.clone());
    x.mask_where(below, low.expand(shape))
        .mask_where(above, high.expand(shape))
}

/// Values and slopes of all basis functions, `[batch, d_input, n_basis]`; the last interval, if there is one, also
/// holds the points beyond it.
fn cox_de_boor(x: Tensor<2>, knots: Tensor<2>, (degree, last): (usize, Option<usize>)) -> (Tensor<3>, Tensor<3>) {
    let n_knots = knots.dims()[1];
    let knots: Tensor<3> = knots.unsqueeze_dim(0); // [1, d_input, n_knots]
    let x: Tensor<3> = x.unsqueeze_dim(2); // [batch, d_input, 1]
    let from = |first: usize, n: usize| knots.clone().narrow(2, first, n);
    let begun = x.clone().greater_equal(from(0, n_knots - 1));
    let ended = x.clone().greater_equal(from(1, n_knots - 1));
    let dtype = x.dtype();
    let mut values = begun.clone().float().cast(dtype) - ended.float().cast(dtype);
    if let Some(last) = last {
        let entered = begun.narrow(2, last, 1).float().cast(dtype);
        let before = (last > 0).then(|| values.clone().narrow(2, 0, last));
        let n_after = n_knots - last - 2;
        let after = (n_after > 0).then(|| values.zeros_like().narrow(2, 0, n_after));
        let parts = [before, Some(entered), after];
        values = Tensor::cat(parts.into_iter().flatten().collect(), 2);
    }
    let mut slopes = values.zeros_like();
    for j in 1..=degree {
        let n = n_knots - 1 - j;
        // Per function of the lower degree: its value over the length of its support, 0 where that is 0.
        let length = from(j, n + 1) - from(0, n + 1);
        let empty = length.clone().equal_elem(0.0);
        let shares = values / length.mask_fill(empty.clone(), 1.0);
        let shares = shares.clone().mask_fill(empty.expand(shares.dims()), 0.0);
        let (left, right) = (shares.clone().narrow(2, 0, n), shares.narrow(2, 1, n));
        slopes = (left.clone() - right.clone()) * j as f64;
        values = (x.clone() - from(0, n)) * left + (from(j + 1, n) - x.clone()) * right;
    }
    (values, slopes)
}
