//! Packs a pruned checkpoint into a smaller one.

use std::path::Path;

use secateurs_data::{
    Checkpoint, OutputForm, OutputRequest, Overwrite, RawTensor, Readers, StoredModel, TensorPlan, write_stored,
};
use secateurs_models::ModelShape;
use secateurs_sparse::PackedMatrix;

use crate::pack::error::PackError;
use crate::pack::matrix::{DenseMatrix, Measured, PackedInfo, failed, tensors_of};
use crate::pack::packed::read_weights;
use crate::pack::result_config::packed_config;
use crate::pack::settings::{FormatChoice, PackConfig, PackedLayout};

/// Packs every matrix of a model and writes the result as a Hugging Face folder.
///
/// A model that is packed already is packed anew; with [`Format::Dense`](secateurs_sparse::Format::Dense) and float values that unpacks it, and any program
/// reads it. Everything else only this project reads: see [`PackedLayout`] for an exception, and
/// [`PackedMatrix::to_tensors`] for the layout of all formats. While the run lasts, no other job can write the same output.
///
/// `listener` is called with the number of tensors done and their total.
///
/// # Errors
///
/// If another job writes the output, the model cannot be read, a weight is not finite or too large for its number format, a
/// given format cannot hold a matrix, or the output exists or cannot be written. Nothing is left behind then.
pub fn pack_checkpoint(
    model: &Path,
    out: &Path,
    config: &PackConfig,
    overwrite: Overwrite,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Vec<PackedInfo>, PackError> {
    config.check_layout()?;
    let source = Checkpoint::open(model)?;
    let shape = ModelShape::describe(&source)?;
    shape.check_dense("packing")?;
    source.check_copyable()?;
    check_shapes(&shape.tensors, config)?;
    let output = OutputRequest {
        out,
        form: OutputForm::MODEL,
        inputs: &[model],
        overwrite,
    };
    let claim = output.claim()?;
    source.check_finite()?;
    let staged = claim.begin_once()?;
    let PackedTensors { tensors, infos } = pack_tensors(&source, &shape.tensors, config, listener)?;
    let is_plain = infos.iter().all(PackedInfo::is_plain);
    let model = StoredModel {
        tensors,
        config: &packed_config(source.config().clone(), &infos, config),
        source: &source,
        readers: match config.layout {
            PackedLayout::Own if !is_plain => Readers::Own,
            _ => Readers::All,
        },
    };
    write_stored(staged.folder(), model)?;
    staged.publish_as_is()?;
    Ok(infos)
}

/// The tensors of a packed model, and the reports on its matrices.
#[derive(Default)]
struct PackedTensors {
    tensors: Vec<(String, RawTensor)>,
    infos: Vec<PackedInfo>,
}

fn pack_tensors(
    source: &Checkpoint,
    planned: &[TensorPlan],
    config: &PackConfig,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<PackedTensors, PackError> {
    let mut packed = PackedTensors::default();
    let mut measured = Measured::new();
    for (index, tensor) in planned.iter().enumerate() {
        let weights = &read_weights(source, &tensor.name, &tensor.shape)?;
        check_finite(&tensor.name, weights)?;
        match tensor.dims() {
            Some(dims) => {
                let (matrix, info) = DenseMatrix { tensor, weights, dims }.pack(config, &mut measured)?;
                packed.tensors.extend(tensors_of(tensor.layer(), &matrix));
                packed.infos.push(info);
            }
            None => packed.tensors.push((tensor.name.clone(), plain(weights))),
        }
        listener(index + 1, planned.len());
    }
    Ok(packed)
}

/// Refuses a format that cannot hold a matrix of the model with any weights.
fn check_shapes(planned: &[TensorPlan], config: &PackConfig) -> Result<(), PackError> {
    let FormatChoice::Always(format) = config.format else {
        return Ok(());
    };
    for tensor in planned.iter().filter(|tensor| tensor.block.is_some()) {
        if let Some([_, d_input]) = tensor.dims() {
            let empty = vec![0.0; d_input];
            let packed = PackedMatrix::pack(&empty, [1, d_input], format, config.values.in_format(format, d_input));
            packed.map_err(|source| failed(&tensor.name, source))?;
        }
    }
    Ok(())
}

fn check_finite(name: &str, weights: &[f32]) -> Result<(), PackError> {
    match weights.iter().position(|weight| !weight.is_finite()) {
        Some(index) => Err(secateurs_models::ModelError::NotFinite {
            name: name.to_owned(),
            index,
            value: weights[index],
        }
        .into()),
        None => Ok(()),
    }
}

/// Number format of norms: single precision, as they are small.
fn plain(values: &[f32]) -> RawTensor {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    RawTensor {
        dtype: "F32".to_owned(),
        shape: vec![values.len()],
        bytes: bytes.into(),
    }
}
