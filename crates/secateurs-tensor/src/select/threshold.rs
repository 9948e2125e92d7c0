//! Selection of the largest values by exact count, in linear time.

use crate::error::{Result, TensorError};
use crate::select::cut::Cut;
use crate::select::key::first_nan;

/// Number of values below which quickselect over all of them beats sampling.
const SMALL: usize = 1 << 14;

/// Marks the largest values: all but exactly `n_pruned` are kept.
///
/// Among equal values the lower index is pruned first, -0.0 equals +0.0, infinities are ordinary. This is what pruning
/// the first `n_pruned` of a stable ascending sort gives, in linear time and without moving a value.
///
/// # Errors
///
/// [`TensorError::TooManyPruned`] if `n_pruned > values.len()`; [`TensorError::NanValue`] for the first NaN.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::keep_largest;
///
/// assert_eq!(keep_largest(&[3.0, 1.0, 1.0, 2.0], 1)?, [true, false, true, true]);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn keep_largest(values: &[f32], n_pruned: usize) -> Result<Vec<bool>> {
    let mut keep = vec![false; values.len()];
    keep_largest_into(values, n_pruned, &mut keep)?;
    Ok(keep)
}

/// [`keep_largest`] into a buffer; on an error the buffer is as it was.
///
/// # Errors
///
/// As [`keep_largest`], and [`TensorError::LengthMismatch`] if the buffer is not as long as the values.
pub fn keep_largest_into(values: &[f32], n_pruned: usize, keep: &mut [bool]) -> Result<()> {
    if keep.len() != values.len() {
        return Err(TensorError::LengthMismatch {
            what: "keep",
            expected: values.len(),
            got: keep.len(),
        });
    }
    if n_pruned > values.len() {
        return Err(TensorError::TooManyPruned {
            n: values.len(),
            n_pruned,
        });
    }
    if values.len() >= SMALL && n_pruned > 0 {
        let cut = Cut::find(&[values], n_pruned).ok_or_else(|| nan_error(values))?;
        cut.apply(&[values], &mut [keep]);
        return Ok(());
    }
    match first_nan(values) {
        Some(index) => Err(TensorError::NanValue { index }),
        None => {
            keep_few(values, n_pruned, keep, &mut Vec::new());
            Ok(())
        }
    }
}

fn nan_error(values: &[f32]) -> TensorError {
    let index = first_nan(values).expect("no cut is found only where there is a NaN");
    TensorError::NanValue { index }
}

/// Selection among few values without NaN, on one thread. `keys` is scratch space.
pub(crate) fn keep_few(values: &[f32], n_pruned: usize, keep: &mut [bool], keys: &mut Vec<i32>) {
    if n_pruned == 0 {
        keep.fill(true);
        return;
    }
    keys.clear();
    keys.extend(values.iter().map(|value| crate::select::key::key(*value)));
    Cut::of_keys(keys, n_pruned).apply_to_few(values, keep);
}
