//! Differences of two checkpoints, tensor by tensor.

use std::collections::HashMap;

use secateurs_data::Checkpoint;
use serde::Serialize;

use crate::measure::error::MeasureError;
use crate::pack::packed::{read_weights, weights_of};
use crate::prune::notes::n_zeros;

/// Differences of two checkpoints.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// Differences of the tensors in both, in the order of the first.
    pub tensors: Vec<TensorDifference>,
    /// Names that occur only in the first.
    pub only_first: Vec<String>,
    /// Names that occur only in the second.
    pub only_second: Vec<String>,
}

/// Differences of one tensor.
#[derive(Debug, Clone, Serialize)]
pub struct TensorDifference {
    /// Name of the tensor.
    pub name: String,
    /// Shape in both.
    pub shape: Vec<usize>,
    /// Fraction of zeros in the first and the second.
    pub sparsity: (f64, f64),
    /// Fraction of elements that are zero in exactly one of the two.
    pub mask_difference: f64,
    /// Relative distance `||a - b|| / ||a||`.
    pub relative_distance: f64,
    /// Whether every element is the same to the bit.
    pub identical: bool,
}

/// Compares two checkpoints tensor by tensor. The matrices of packed ones are compared as the weights that they hold.
///
/// # Errors
///
/// If a tensor has another shape in the second, cannot be read, holds NaN or infinity, or the two have no tensor in common.
pub fn compare(first: &Checkpoint, second: &Checkpoint) -> Result<Comparison, MeasureError> {
    first.check_finite()?;
    second.check_finite()?;
    let (a, b) = (weights_of(first)?, weights_of(second)?);
    let only = |these: &[(String, Vec<usize>)], others: &HashMap<&String, &Vec<usize>>| {
        let names = these.iter().map(|(name, _)| name);
        names.filter(|name| !others.contains_key(name)).cloned().collect()
    };
    let [in_first, in_second] = [&a, &b].map(|weights| weights.iter().map(|(name, shape)| (name, shape)).collect());
    let (only_first, only_second) = (only(&a, &in_second), only(&b, &in_first));
    let common = a
        .iter()
        .filter_map(|(name, shape)| Some((name, shape, *in_second.get(name)?)));
    let tensors = common
        .map(|(name, shape, other)| {
            check_shapes(name, shape, other)?;
            let [a, b] = [read_weights(first, name, shape)?, read_weights(second, name, shape)?];
            Ok::<_, MeasureError>(difference(name, shape, &a, &b))
        })
        .collect::<Result<Vec<_>, _>>()?;
    if tensors.is_empty() {
        return Err(MeasureError::NothingInCommon);
    }
    Ok(Comparison {
        tensors,
        only_first,
        only_second,
    })
}

fn check_shapes(name: &str, first: &[usize], second: &[usize]) -> Result<(), MeasureError> {
    if first == second {
        return Ok(());
    }
    Err(MeasureError::ShapesDiffer {
        name: name.to_owned(),
        first: first.to_vec(),
        second: second.to_vec(),
    })
}

fn difference(name: &str, shape: &[usize], a: &[f32], b: &[f32]) -> TensorDifference {
    let n = a.len().max(1) as f64;
    let zeros = |values: &[f32]| n_zeros(values) as f64 / n;
    let pairs = || a.iter().zip(b);
    let moved = pairs().filter(|(x, y)| (**x == 0.0) != (**y == 0.0)).count() as f64;
    let norm = |sum: f64| sum.sqrt();
    let distance = norm(pairs().map(|(x, y)| f64::from(x - y).powi(2)).sum());
    let size = norm(a.iter().map(|x| f64::from(*x).powi(2)).sum());
    TensorDifference {
        name: name.to_owned(),
        shape: shape.to_vec(),
        sparsity: (zeros(a), zeros(b)),
        mask_difference: moved / n,
        relative_distance: if size > 0.0 { distance / size } else { distance },
        identical: pairs().all(|(x, y)| x.to_bits() == y.to_bits()),
    }
}
