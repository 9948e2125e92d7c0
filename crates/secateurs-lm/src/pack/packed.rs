//! Reads packed and plain checkpoints alike.

use secateurs_data::Checkpoint;
use secateurs_models::{ModelError, ModelShape};
use secateurs_runtime::read_matrix;
use secateurs_sparse::{Level, PackedMatrix, ValueType};

use crate::pack::error::PackError;

/// Whether a model was packed, so that only the engine can run it.
pub fn is_packed(checkpoint: &Checkpoint) -> bool {
    checkpoint.tensors().any(|tensor| tensor.name.ends_with(".compressed"))
}

/// Names and shapes of the weights. A packed model has several tensors for a matrix, so its list of weights comes from
/// its configuration.
pub(crate) fn weights_of(checkpoint: &Checkpoint) -> Result<Vec<(String, Vec<usize>)>, PackError> {
    if !is_packed(checkpoint) {
        let tensors = checkpoint.tensors();
        return Ok(tensors
            .map(|tensor| (tensor.name.clone(), tensor.shape.clone()))
            .collect());
    }
    let tensors = ModelShape::describe(checkpoint)?.tensors;
    Ok(tensors.into_iter().map(|tensor| (tensor.name, tensor.shape)).collect())
}

/// A matrix of a packed model; `None` if it is stored as an ordinary tensor.
pub(crate) fn packed_matrix(
    checkpoint: &Checkpoint,
    name: &str,
    shape: &[usize],
) -> Result<Option<PackedMatrix>, PackError> {
    match <[usize; 2]>::try_from(shape) {
        Ok(dims) if is_packed(checkpoint) => {
            let module = name.trim_end_matches(".weight");
            Ok(Some(read_matrix(checkpoint, module, dims, ValueType::F32)?))
        }
        _ => Ok(None),
    }
}

/// The unpacked weights with this name; they must have this shape.
pub(crate) fn read_weights(checkpoint: &Checkpoint, name: &str, shape: &[usize]) -> Result<Vec<f32>, PackError> {
    if let Some(matrix) = packed_matrix(checkpoint, name, shape)? {
        return Ok(matrix.unpack(Level::best()));
    }
    let got = &checkpoint.tensor(name)?.shape;
    if got != shape {
        return Err(ModelError::Shape {
            name: name.to_owned(),
            expected: shape.to_vec(),
            got: got.clone(),
        }
        .into());
    }
    Ok(checkpoint.read_f32(name)?)
}
