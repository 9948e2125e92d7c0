//! Precisions of tensors.

use burn::tensor::{DType, TensorData};

/// Distance from 1 to the next number.
pub(crate) fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => f64::EPSILON,
        DType::F16 => 1.0 / 1024.0,
        DType::BF16 => 1.0 / 128.0,
        _ => f64::from(f32::EPSILON),
    }
}

/// The greatest exponent of e that curves compute; larger ones are cut off there.
pub(crate) fn largest_power(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 700.0,
        DType::F16 => 11.0,
        _ => 88.0,
    }
}

/// Rounds numbers to the precision of a tensor.
pub(crate) fn rounded(values: &[f64], dtype: DType) -> Vec<f64> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    data.convert_dtype(dtype).iter().collect()
}
