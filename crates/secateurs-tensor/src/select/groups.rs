//! Selection within groups of consecutive values.

use rayon::prelude::*;

use crate::error::{Result, TensorError};
use crate::select::key::{CHUNK, first_nan};
use crate::select::threshold::keep_few;
use crate::vocabulary::nm::NmPattern;

/// Marks the largest [`keep`](NmPattern::keep) values of every group, group after group; among equal values the lower
/// index is pruned first.
///
/// # Errors
///
/// [`TensorError::LengthMismatch`] if the buffer is not as long as the values, [`TensorError::IndivisibleGroup`] if groups do
/// not tile them, [`TensorError::NanValue`] for the first NaN. The buffer is then as it was.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::keep_in_groups_into;
///
/// let mut keep = [true; 4];
/// keep_in_groups_into(&[1.0, 1.0, 5.0, 3.0], "1:2".parse()?, &mut keep)?;
/// assert_eq!(keep, [false, true, true, false]);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn keep_in_groups_into(values: &[f32], pattern: NmPattern, keep: &mut [bool]) -> Result<()> {
    if keep.len() != values.len() {
        return Err(TensorError::LengthMismatch {
            what: "keep",
            expected: values.len(),
            got: keep.len(),
        });
    }
    pattern.check(values.len())?;
    if let Some(index) = first_nan(values) {
        return Err(TensorError::NanValue { index });
    }
    mark_groups(values, pattern, keep);
    Ok(())
}

/// [`keep_in_groups_into`] for values without NaN that groups tile.
pub(crate) fn mark_groups(values: &[f32], pattern: NmPattern, keep: &mut [bool]) {
    let chunk = (CHUNK / pattern.group()).max(1) * pattern.group();
    keep.par_chunks_mut(chunk)
        .zip(values.par_chunks(chunk))
        .for_each(|(keep, values)| match pattern.group() {
            2 => mark_small_groups::<2>(values, pattern.keep(), keep),
            4 => mark_small_groups::<4>(values, pattern.keep(), keep),
            8 => mark_small_groups::<8>(values, pattern.keep(), keep),
            _ => mark_any_groups(values, pattern, keep),
        });
}

fn mark_small_groups<const GROUP: usize>(values: &[f32], n_kept: usize, keep: &mut [bool]) {
    let (keep, _) = keep.as_chunks_mut::<GROUP>();
    let (values, _) = values.as_chunks::<GROUP>();
    for (keep, values) in keep.iter_mut().zip(values) {
        keep_in_group(values, n_kept, keep);
    }
}

fn mark_any_groups(values: &[f32], pattern: NmPattern, keep: &mut [bool]) {
    let mut keys = Vec::with_capacity(pattern.group());
    for (keep, values) in keep
        .chunks_exact_mut(pattern.group())
        .zip(values.chunks_exact(pattern.group()))
    {
        keep_few(values, pattern.group() - pattern.keep(), keep, &mut keys);
    }
}

/// Marks the `n_kept` largest values of one small group, on this thread; among equal values the lower index is pruned
/// first.
///
/// The values are no NaN, and the buffer is as long as they are. The time grows with the square of their number.
#[inline]
pub fn keep_in_group(values: &[f32], n_kept: usize, keep: &mut [bool]) {
    for (index, slot) in keep.iter_mut().enumerate() {
        // A value stays if fewer than `n_kept` others beat it; among equals the later one stays.
        let before = values[..index].iter().filter(|other| **other > values[index]).count();
        let after = values[index + 1..]
            .iter()
            .filter(|other| **other >= values[index])
            .count();
        *slot = before + after < n_kept;
    }
}
