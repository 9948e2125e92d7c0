//! The gate of a router and the activation of an expert.

use crate::exponential::exp;

const ROOT_OF_6: f64 = 2.449_489_742_783_178;

/// The gate: `1 / (1 + exp(-u))`.
pub fn sigmoid(u: f64) -> f64 {
    1.0 / (1.0 + exp(-u))
}

/// The third Hermite polynomial with unit variance: `He3(z) = (z^3 - 3 z) / sqrt 6`, so that `E He3(z)^2 = 1` for `z ~ N(0,
/// 1)`.
///
/// It is odd, and uncorrelated with polynomials of `z` of degree two and less, which is why an expert that starts unaligned
/// learns slowly at first.
///
/// ```
/// use secateurs_moe_theory::hermite3;
///
/// assert_eq!(hermite3(0.0), 0.0);
/// assert!((hermite3(3.0) - 18.0 / 6f64.sqrt()).abs() < 1e-14);
/// assert_eq!(hermite3(-1.5), -hermite3(1.5));
/// ```
pub fn hermite3(z: f64) -> f64 {
    z * (z * z - 3.0) / ROOT_OF_6
}

/// The derivative of [`hermite3`], `(3 z^2 - 3) / sqrt 6`.
pub fn hermite3_slope(z: f64) -> f64 {
    3.0 * (z * z - 1.0) / ROOT_OF_6
}
