//! B-splines by the recursion of Cox and de Boor (de Boor, *A Practical Guide to Splines*, chapter IX).

/// The basis function `B_{m,k}(x)`: an indicator of `[t_m, t_{m+1})` for degree 0, and `0 / 0 = 0`.
pub fn b_spline(knots: &[f64], m: usize, degree: usize, x: f64) -> f64 {
    if degree == 0 {
        return if knots[m] <= x && x < knots[m + 1] { 1.0 } else { 0.0 };
    }
    let ratio = |numerator: f64, denominator: f64| {
        if denominator == 0.0 {
            0.0
        } else {
            numerator / denominator
        }
    };
    let left = ratio(x - knots[m], knots[m + degree] - knots[m]);
    let right = ratio(knots[m + degree + 1] - x, knots[m + degree + 1] - knots[m + 1]);
    left * b_spline(knots, m, degree - 1, x) + right * b_spline(knots, m + 1, degree - 1, x)
}

/// The function SiLU, `x / (1 + exp(-x))`.
pub fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}
