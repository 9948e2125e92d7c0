//! Checks of shapes.

use crate::error::SparseError;
use crate::numbers::value_type::ValueType;
use crate::numbers::values::check_size;

/// Refuses shapes whose number of bytes overflows.
pub(crate) fn check_dims(dims: [usize; 2]) -> Result<[usize; 2], SparseError> {
    let [d_output, d_input] = dims;
    // 64 bits for every weight and for every output: more than any format takes.
    let words = d_input
        .checked_add(8)
        .and_then(|inputs| inputs.checked_mul(d_output.max(1)));
    let bits = words.and_then(|words| words.checked_mul(64));
    if bits.is_none_or(|bits| bits > isize::MAX as usize) {
        return Err(SparseError::TooLarge { d_output, d_input });
    }
    Ok(dims)
}

pub(crate) fn check_weights(weights: &[f32], dims: [usize; 2], value_type: ValueType) -> Result<(), SparseError> {
    let [d_output, d_input] = check_dims(dims)?;
    check_size("the weights", 4 * d_output * d_input, 4 * weights.len())?;
    let bad = || weights.iter().position(|weight| !weight.is_finite());
    match value_type.group().and_then(|_| bad()) {
        Some(index) => Err(SparseError::NotFinite {
            index,
            value: weights[index],
        }),
        None => Ok(()),
    }
}
