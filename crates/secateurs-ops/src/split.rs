//! Splits a matrix between its rows.

use burn::tensor::Tensor;

/// Cuts `x` between rows into parts of the given lengths, in order.
///
/// The parts are what `narrow` gives. The difference is in the derivative: the derivatives of `n` narrowed parts cost
/// `n` passes over all of `x`, since each fills the rest with zeros; here they cost one.
///
/// # Shapes
///
/// `x`: `[sum of lengths, d]`; results `[length, d]`.
///
/// # Panics
///
/// If the lengths do not add up to the rows of `x`, or one of them is 0.
///
/// # Examples
///
/// ```
/// use burn::tensor::{Device, Tensor};
///
/// let x = Tensor::<2>::from_floats([[1.0], [2.0], [3.0]], &Device::default());
/// let parts = secateurs_ops::split_rows(x, &[1, 2]);
/// let second: Vec<f32> = parts[1].clone().into_data().iter().collect();
/// assert_eq!(second, [2.0, 3.0]);
/// ```
pub fn split_rows(x: Tensor<2>, lengths: &[usize]) -> Vec<Tensor<2>> {
    assert_eq!(
        lengths.iter().sum::<usize>(),
        x.dims()[0],
        "split_rows: the lengths do not add up to the rows"
    );
    assert!(lengths.iter().all(|&length| length > 0), "split_rows: an empty part");
    #[cfg(feature = "flex")]
    if crate::flex::takes(&x) {
        return crate::flex::split_rows(x, lengths);
    }
    crate::plain::split_rows(x, lengths)
}
