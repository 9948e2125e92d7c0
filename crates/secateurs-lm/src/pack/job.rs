//! Packs a pruned checkpoint into a smaller one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use secateurs_data::llama::{LlamaConfig, planned_tensors};
use secateurs_data::{
    Checkpoint, FloatType, OutputForm, OutputRequest, Overwrite, PlannedTensor, RawTensor, Readers, StoredModel,
    float_config, write_stored,
};
use secateurs_sparse::{Choice, Format, Level, PackedMatrix, SparseError, ValueType, choose, choose_measured};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Error;
use crate::pack::packed::read_weights;

/// How a checkpoint is packed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PackConfig {
    /// How the weights of the blocks are stored.
    pub values: ValueType,
    /// How the embedding and the output matrix are stored. Nothing in them is zero, so they stay dense.
    pub head: ValueType,
    /// How formats are found for the matrices of the blocks.
    pub format: FormatChoice,
    /// For whom the result is laid out.
    pub layout: PackedLayout,
}

/// For whom a packed model is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackedLayout {
    /// For this project alone: in `packed.safetensors`, so that other readers find no weights.
    #[default]
    Own,
    /// Also for compressed-tensors up to 0.14.0.1, which reads `sparse-bitmask`: in `model.safetensors`, with a
    /// `quantization_config`. Needs bitmaps of floats. Newer versions of it ignore the setting, and transformers then takes
    /// random weights.
    CompressedTensors,
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
            layout: PackedLayout::Own,
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
    /// Fraction of zeros as it is stored: rounding may have made some.
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
) -> Result<Vec<PackedInfo>, Error> {
    check_layout(config)?;
    let output = OutputRequest {
        out,
        form: OutputForm::MODEL,
        inputs: &[model],
        overwrite,
    };
    let claim = output.claim()?;
    let source = Checkpoint::open(model)?;
    let llama = LlamaConfig::open(&source)?;
    llama.check_dense("packing")?;
    source.check_copyable()?;
    let planned = planned_tensors(&llama);
    check_shapes(&planned, config)?;
    let staged = claim.begin_once()?;
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

impl PackedInfo {
    /// Whether this is an ordinary tensor of floats.
    fn is_plain(&self) -> bool {
        self.format == "dense" && !self.values.starts_with("int")
    }
}

fn in_block(name: &str) -> bool {
    name.starts_with("model.layers.")
}

/// Refuses what compressed-tensors could not read.
fn check_layout(config: &PackConfig) -> Result<(), Error> {
    let has_floats = [config.values, config.head]
        .iter()
        .all(|values| values.group().is_none());
    let has_bitmaps = config.format == FormatChoice::Always(Format::Bitmap);
    match config.layout {
        PackedLayout::CompressedTensors if !(has_floats && has_bitmaps) => Err(Error::NotSparseBitmask),
        _ => Ok(()),
    }
}

/// Refuses a format that cannot hold a matrix of the model, whatever its weights.
fn check_shapes(planned: &[PlannedTensor], config: &PackConfig) -> Result<(), Error> {
    let FormatChoice::Always(format) = config.format else {
        return Ok(());
    };
    for tensor in planned.iter().filter(|tensor| in_block(&tensor.name)) {
        if let [_, d_input] = tensor.shape[..] {
            let empty = vec![0.0; d_input];
            let packed = PackedMatrix::pack(&empty, [1, d_input], format, config.values.in_format(format, d_input));
            packed.map_err(|source| failed(&tensor.name, source))?;
        }
    }
    Ok(())
}

fn failed(name: &str, source: SparseError) -> Error {
    Error::Pack {
        name: name.to_owned(),
        source,
    }
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
    let failed = |source| failed(name, source);
    let zeros = weights.iter().filter(|weight| **weight == 0.0).count();
    let sparsity = zeros as f64 / weights.len().max(1) as f64;
    let in_block = in_block(name);
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
    if let Some(float_type) = float_type(value_type) {
        float_type
            .check_fits(name, weights)
            .map_err(secateurs_data::DataError::from)?;
    }
    let matrix = PackedMatrix::pack(weights, dims, format, value_type).map_err(failed)?;
    let info = PackedInfo {
        name: name.to_owned(),
        dims,
        sparsity: matrix.n_zeros(Level::best()) as f64 / weights.len().max(1) as f64,
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

/// The float type of values, if they are floats.
fn float_type(values: ValueType) -> Option<FloatType> {
    match values {
        ValueType::F32 => Some(FloatType::F32),
        ValueType::F16 => Some(FloatType::F16),
        ValueType::Bf16 => Some(FloatType::Bf16),
        ValueType::Int8(_) | ValueType::Int4(_) => None,
    }
}

/// The configuration of the result: its number format, and that it is packed.
fn packed_config(config: Value, infos: &[PackedInfo], wanted: &PackConfig) -> Value {
    // Integers become single precision when they are read.
    let float_type = float_type(wanted.values).unwrap_or(FloatType::F32);
    let mut config = float_config(config, float_type);
    let Some(fields) = config.as_object_mut() else {
        return config;
    };
    fields.shift_remove("secateurs");
    if infos.iter().all(PackedInfo::is_plain) {
        return config;
    }
    fields.insert("secateurs".to_owned(), json!({ "packed": 1 }));
    if wanted.layout == PackedLayout::CompressedTensors {
        fields.insert("quantization_config".to_owned(), sparse_bitmask(infos));
    }
    config
}

/// The result in the terms of compressed-tensors.
fn sparse_bitmask(infos: &[PackedInfo]) -> Value {
    let blocks = infos.iter().filter(|info| in_block(&info.name));
    let (zeros, all) = blocks.fold((0.0, 0.0), |(zeros, all), info| {
        let size = (info.dims[0] * info.dims[1]) as f64;
        (zeros + info.sparsity * size, all + size)
    });
    let dense = infos.iter().filter(|info| info.format == "dense");
    let ignore: Vec<&str> = dense.map(|info| info.name.trim_end_matches(".weight")).collect();
    let sparsity = json!({
        "format": "sparse-bitmask",
        "targets": ["Linear"],
        "ignore": ignore,
        "global_sparsity": if all > 0.0 { zeros / all } else { 0.0 },
        "sparsity_structure": "unstructured",
    });
    json!({ "quant_method": "compressed-tensors", "format": "dense", "sparsity_config": sparsity })
}
