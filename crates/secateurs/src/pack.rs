//! Packs a pruned checkpoint into a smaller one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use secateurs_data::llama::{LlamaConfig, planned_tensors};
use secateurs_data::{Checkpoint, RawTensor, stage_stored};
use secateurs_sparse::{Choice, Format, Level, PackedMatrix, ValueType, choose, choose_measured};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Error;
use crate::job::{Overwrite, make_way, remove_dir};
use crate::packed::read_weights;

/// How a checkpoint is packed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PackConfig {
    /// How the weights of the blocks are stored.
    pub values: ValueType,
    /// How the embedding and the output matrix are stored. Nothing in them is zero, so they stay dense.
    pub head: ValueType,
    /// How formats are found for the matrices of the blocks.
    pub format: FormatChoice,
}

/// How formats are found for matrices.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FormatChoice {
    /// By the share of zeros, from which on a format was faster when it was measured once: see
    /// [`choose`](secateurs_sparse::choose). Depends on the weights alone.
    #[default]
    BySparsity,
    /// By timing all formats on this machine, once for matrices of the same shape and share of zeros.
    Measured,
    /// This one for all.
    Always(Format),
}

impl Default for PackConfig {
    fn default() -> Self {
        Self {
            values: ValueType::F16,
            head: ValueType::F16,
            format: FormatChoice::BySparsity,
        }
    }
}

/// What became of a matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PackedInfo {
    /// Its name.
    pub name: String,
    /// `[d_output, d_input]`
    pub dims: [usize; 2],
    /// Fraction of zeros.
    pub sparsity: f64,
    /// `dense`, `bitmap`, `2:4`, `indexed`.
    pub format: String,
    /// How values are stored.
    pub values: String,
    /// Why this format.
    pub reason: String,
    /// Bytes of all its parts.
    pub bytes: u64,
    /// Bytes of it as dense `F16`.
    pub dense_bytes: u64,
}

/// Packs every matrix of a model and writes the result as a Hugging Face folder.
///
/// A model that is packed already is packed anew; with [`Format::Dense`] and float values that unpacks it, and any program
/// reads it.
///
/// Bitmaps with float values can be read as `sparse-bitmask` of compressed-tensors; see
/// [`PackedMatrix::to_tensors`] for the layout of all formats.
///
/// `listener` is called with the number of tensors done and their total.
///
/// # Errors
///
/// If the model cannot be read, a weight is not finite, a given format cannot hold a matrix, or the output exists or cannot
/// be written.
pub fn pack_checkpoint(
    model: &Path,
    out: &Path,
    config: &PackConfig,
    overwrite: Overwrite,
    listener: &mut dyn FnMut(usize, usize),
) -> Result<Vec<PackedInfo>, Error> {
    let source = Checkpoint::open(model)?;
    let llama = LlamaConfig::open(&source)?;
    llama.check_dense("packing")?;
    make_way(out, &[model], overwrite)?;
    let planned = planned_tensors(&llama);
    let (mut tensors, mut infos) = (Vec::new(), Vec::new());
    let mut measured = Measured::new();
    for (index, tensor) in planned.iter().enumerate() {
        let weights = read_weights(&source, &tensor.name, &tensor.shape)?;
        check_finite(&tensor.name, &weights)?;
        match <[usize; 2]>::try_from(tensor.shape.as_slice()) {
            Ok(dims) => {
                let (matrix, info) = pack((&tensor.name, &weights, dims), config, &mut measured)?;
                let module = tensor.name.trim_end_matches(".weight");
                tensors.extend(stored(module, &matrix));
                infos.push(info);
            }
            Err(_) => tensors.push((tensor.name.clone(), plain(&weights))),
        }
        listener(index + 1, planned.len());
    }
    let packed = stage_stored(out, tensors, &packed_config(source.config().clone(), &infos), &source)?;
    // Only now: a full disk must not cost the earlier output.
    if out.exists() && overwrite == Overwrite::Force {
        remove_dir(out)?;
    }
    packed.publish()?;
    Ok(infos)
}

fn check_finite(name: &str, weights: &[f32]) -> Result<(), Error> {
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

/// What was measured for a shape, thousandths of zeros and a value type.
type Measured = HashMap<([usize; 2], usize, ValueType), Choice>;

fn pack(
    (name, weights, dims): (&str, &[f32], [usize; 2]),
    config: &PackConfig,
    measured: &mut Measured,
) -> Result<(PackedMatrix, PackedInfo), Error> {
    let failed = |source| Error::Pack {
        name: name.to_owned(),
        source,
    };
    let zeros = weights.iter().filter(|weight| **weight == 0.0).count();
    let sparsity = zeros as f64 / weights.len().max(1) as f64;
    let in_block = name.starts_with("model.layers.");
    let value_type = if in_block { config.values } else { config.head };
    let (format, value_type, reason) = match config.format {
        _ if !in_block => {
            let reason = "read row by row, and nothing in it is pruned".to_owned();
            (Format::Dense, value_type, reason)
        }
        FormatChoice::Always(format) => (format, value_type.in_format(format, dims[1]), "as asked".to_owned()),
        FormatChoice::BySparsity => {
            let choice = choose(weights, dims, value_type);
            (choice.format, choice.value_type, choice.reason.to_string())
        }
        FormatChoice::Measured => {
            let choice = match measured.entry((dims, (1e3 * sparsity).round() as usize, value_type)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => {
                    *unknown.insert(choose_measured(weights, dims, value_type, Level::best()).map_err(failed)?)
                }
            };
            (choice.format, choice.value_type, choice.reason.to_string())
        }
    };
    let matrix = PackedMatrix::pack(weights, dims, format, value_type).map_err(failed)?;
    let info = PackedInfo {
        name: name.to_owned(),
        dims,
        sparsity,
        format: format.to_string(),
        values: value_type.to_string(),
        reason,
        bytes: matrix.n_bytes() as u64,
        dense_bytes: 2 * weights.len() as u64,
    };
    Ok((matrix, info))
}

fn stored(module: &str, matrix: &PackedMatrix) -> Vec<(String, RawTensor)> {
    let tensors = matrix.to_tensors().into_iter();
    tensors
        .map(|(suffix, tensor)| {
            let suffix = if suffix.is_empty() { "weight" } else { suffix };
            let raw = RawTensor {
                dtype: tensor.dtype,
                shape: tensor.shape,
                bytes: tensor.bytes,
            };
            (format!("{module}.{suffix}"), raw)
        })
        .collect()
}

/// Norms stay in single precision: they are small.
fn plain(values: &[f32]) -> RawTensor {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    RawTensor {
        dtype: "F32".to_owned(),
        shape: vec![values.len()],
        bytes: bytes.into(),
    }
}

/// Says in the terms of compressed-tensors what it can say of the result.
fn packed_config(mut config: Value, infos: &[PackedInfo]) -> Value {
    let blocks: Vec<&PackedInfo> = infos
        .iter()
        .filter(|info| info.name.starts_with("model.layers."))
        .collect();
    let has_floats = |info: &PackedInfo| !info.values.starts_with("int");
    let readable = blocks
        .iter()
        .all(|info| ["dense", "bitmap"].contains(&info.format.as_str()) && has_floats(info));
    let (zeros, all) = blocks.iter().fold((0.0, 0.0), |(zeros, all), info| {
        let size = (info.dims[0] * info.dims[1]) as f64;
        (zeros + info.sparsity * size, all + size)
    });
    let is_plain = |info: &PackedInfo| info.format == "dense" && has_floats(info);
    if let Some(fields) = config.as_object_mut() {
        fields.shift_remove("quantization_config");
        fields.shift_remove("secateurs");
        if infos.iter().all(is_plain) {
            return config;
        }
        fields.insert("secateurs".to_owned(), json!({ "packed": 1 }));
        if readable {
            let dense = infos.iter().filter(|info| info.format == "dense");
            let ignore: Vec<&str> = dense.map(|info| info.name.trim_end_matches(".weight")).collect();
            let sparsity = json!({
                "format": "sparse-bitmask",
                "targets": ["Linear"],
                "ignore": ignore,
                "global_sparsity": if all > 0.0 { zeros / all } else { 0.0 },
                "sparsity_structure": "unstructured",
            });
            fields.insert(
                "quantization_config".to_owned(),
                json!({ "quant_method": "compressed-tensors", "format": "dense", "sparsity_config": sparsity }),
            );
        }
    }
    config
}
