//! Softmax of one vector, and its denominator.

use super::scalar::{exp_in_place, max, sum_exp};

vectorised! {
    /// Replaces a vector by its softmax: `x_j = exp(x_j) / sum_k exp(x_k)`.
    pub(crate) fn softmax(x: &'a mut [f32]) {
        let largest = max(x);
        let inverse = 1.0 / exp_in_place(x, largest);
        x.iter_mut().for_each(|x| *x *= inverse);
    }

    /// The logarithm of the denominator: `ln(sum_j exp(x_j))`.
    pub(crate) fn log_sum_exp(x: &'a [f32]) -> f32 {
        let largest = max(x);
        largest + sum_exp(x, largest).ln()
    }
}
