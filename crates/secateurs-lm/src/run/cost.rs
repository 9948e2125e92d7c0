//! The cost of models on disk: parameters, bytes, and multiplications per token.

use secateurs_data::{Checkpoint, CheckpointWriter};
use secateurs_models::ModelShape;
use secateurs_tensor::{Cost, CostChange};

use crate::run::error::ModelFileError;

/// The change of cost from a model's files to the files that are being written, of the same shape.
pub(crate) fn cost_change(
    source: &Checkpoint,
    writer: &CheckpointWriter,
    shape: &ModelShape,
) -> Result<CostChange, ModelFileError> {
    Ok(CostChange {
        before: cost_of_source(source, shape)?,
        after: cost_of_written(writer, shape),
    })
}

/// The cost of a model as its files hold it.
pub(crate) fn cost_of_source(source: &Checkpoint, shape: &ModelShape) -> Result<Cost, ModelFileError> {
    let (mut parameters, mut bytes) = (0, 0);
    for tensor in &shape.tensors {
        let stored = source.tensor(&tensor.name)?;
        parameters += stored.len() as u64;
        bytes += stored.bytes;
    }
    Ok(cost(parameters, bytes, shape))
}

/// The cost of a model as it is being written.
pub(crate) fn cost_of_written(writer: &CheckpointWriter, shape: &ModelShape) -> Cost {
    let lengths = writer
        .plan()
        .iter()
        .map(|tensor| tensor.shape.iter().product::<usize>());
    let parameters = lengths.sum::<usize>() as u64;
    cost(parameters, parameters * writer.float_type().size() as u64, shape)
}

fn cost(parameters: u64, bytes: u64, shape: &ModelShape) -> Cost {
    Cost {
        parameters,
        macs: Some(shape.macs_per_token),
        bytes: Some(bytes),
        latency: None,
    }
}
