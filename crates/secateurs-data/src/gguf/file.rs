//! A GGUF file of a Llama model, mapped into memory.

use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value as Json;

use super::config::{Heads, ModelFacts, rope_theta};
use super::encoding::Encoding;
use super::header::{Header, Tensor};
use super::lookup::Keys;
use super::names::{ROPE_FACTORS, Rotary, hf_name, is_ignored};
use super::rope::{llama3_scaling, stored_output};
use super::value::{Metadata, Value};
use crate::error::{malformed, unsupported};
use crate::finite::SCANNED_BYTES;
use crate::mmap::FileBytes;
use crate::{DataError, Result, TensorInfo};

/// Number of values that one task decodes; large enough to hide the cost of starting it.
const TASK_VALUES: usize = 1 << 15;

/// An open file with a checked header.
#[derive(Debug)]
pub(crate) struct GgufFile {
    path: PathBuf,
    bytes: FileBytes,
    metadata: Metadata,
    prefix: Range<usize>,
    tensors: Vec<Stored>,
    rope_scaling: Json,
}

/// A tensor in Hugging Face terms, with its place.
#[derive(Debug)]
struct Stored {
    info: TensorInfo,
    name_in_file: String,
    encoding: Encoding,
    bytes: Range<usize>,
    /// Size of the heads whose outputs are reordered; set for query and key projections.
    reordered: Option<usize>,
}

impl GgufFile {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let bytes = FileBytes::map(path)?;
        let Header {
            metadata,
            tensors,
            prefix,
        } = Header::parse(&bytes, path)?;
        let keys = Keys {
            metadata: &metadata,
            path,
        };
        check_kind(keys)?;
        let heads = Heads::read(keys)?;
        let mut stored = Vec::new();
        let mut rope_scaling = Json::Null;
        for tensor in tensors {
            if is_ignored(&tensor.name) {
                continue;
            }
            if tensor.name == ROPE_FACTORS {
                rope_scaling = read_rope_scaling(&tensor, &bytes, heads.d_head, keys)?;
            } else {
                stored.push(Stored::new(tensor, &heads, path)?);
            }
        }
        Ok(Self {
            path: path.to_owned(),
            bytes,
            metadata,
            prefix,
            tensors: stored,
            rope_scaling,
        })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Facts about the model that its tensors show.
    pub(crate) fn facts(&self) -> Result<ModelFacts> {
        let named = |name: &str| self.tensors.iter().find(|tensor| tensor.info.name == name);
        let embedding = named("model.embed_tokens.weight")
            .filter(|tensor| tensor.info.shape.len() == 2)
            .ok_or_else(|| malformed(&self.path, "GGUF", "it has no embedding matrix \"token_embd.weight\""))?;
        Ok(ModelFacts {
            vocab_size: embedding.info.shape[0],
            rope_scaling: self.rope_scaling.clone(),
        })
    }

    pub(crate) fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.tensors.iter().map(|tensor| &tensor.info)
    }

    /// The bytes before the data.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.bytes[self.prefix.clone()]
    }

    /// The stored bytes of tensor number `index` in position order.
    pub(crate) fn raw(&self, index: usize) -> &[u8] {
        &self.bytes[self.tensors[index].bytes.clone()]
    }

    /// The encoding that holds most values, by name.
    pub(crate) fn main_encoding(&self) -> &'static str {
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for tensor in &self.tensors {
            *counts.entry(tensor.encoding.name()).or_default() += tensor.info.len();
        }
        counts
            .into_iter()
            .max_by_key(|&(_, count)| count)
            .map_or("F32", |(name, _)| name)
    }

    pub(crate) fn has_quantised(&self) -> bool {
        self.tensors.iter().any(|tensor| tensor.encoding.is_quantised())
    }

    /// Gives the file's pages that were read back to the system, including the neighbours that it mapped with them.
    pub(crate) fn release(&self) {
        self.bytes.release();
    }

    pub(crate) fn read_f32(&self, index: usize) -> Result<Vec<f32>> {
        let tensor = self.decodable(index)?;
        let bytes = self.raw(index);
        let mut values = vec![0.0; tensor.info.len()];
        let length = tensor.line_values();
        let per_task = (TASK_VALUES / length).max(1);
        values
            .par_chunks_mut(per_task * length)
            .enumerate()
            .for_each(|(task, values)| {
                for (i, values) in values.chunks_exact_mut(length).enumerate() {
                    tensor.decode_line(bytes, task * per_task + i, values);
                }
            });
        self.release();
        Ok(values)
    }

    pub(crate) fn read_rows_f32(&self, index: usize, rows: &[u32]) -> Result<Vec<f32>> {
        let tensor = self.decodable(index)?;
        let n_rows = tensor.info.rows();
        if let Some(&row) = rows.iter().find(|&&row| row as usize >= n_rows) {
            return Err(DataError::RowOutOfRange {
                name: tensor.info.name.clone(),
                row,
                rows: n_rows,
            });
        }
        if tensor.info.shape.len() < 2 {
            let values = self.read_f32(index)?;
            return Ok(rows.iter().map(|&row| values[row as usize]).collect());
        }
        let bytes = self.raw(index);
        let length = tensor.line_values();
        let mut values = vec![0.0; rows.len() * length];
        values
            .par_chunks_exact_mut(length)
            .zip(rows)
            .for_each(|(values, &row)| tensor.decode_line(bytes, row as usize, values));
        Ok(values)
    }

    /// Refuses a tensor without floats.
    pub(crate) fn check_readable(&self, index: usize) -> Result<()> {
        self.decodable(index).map(|_| ())
    }

    /// Whether all values of tensor number `index` are finite; integers always are.
    pub(crate) fn is_finite(&self, index: usize) -> bool {
        let encoding = self.tensors[index].encoding;
        // A whole number of blocks of every encoding.
        let block_bytes = encoding.block().1;
        let parts = self.raw(index).chunks(SCANNED_BYTES / block_bytes * block_bytes);
        let mut finite = parts.map(|part| {
            let is_finite = encoding.all_finite(part);
            self.release();
            is_finite
        });
        finite.all(|is_finite| is_finite)
    }

    /// Name of tensor number `index` in the file.
    pub(crate) fn name_in_file(&self, index: usize) -> &str {
        &self.tensors[index].name_in_file
    }

    fn decodable(&self, index: usize) -> Result<&Stored> {
        let tensor = &self.tensors[index];
        if !tensor.encoding.is_decodable() {
            let feature = format!("encoding {} in tensor {:?}", tensor.encoding.name(), tensor.info.name);
            return Err(unsupported(&self.path, feature));
        }
        Ok(tensor)
    }
}

impl Stored {
    fn new(tensor: Tensor, heads: &Heads, path: &Path) -> Result<Self> {
        let Tensor {
            name,
            shape,
            encoding,
            bytes,
        } = tensor;
        let Some((hf, rotary)) = hf_name(&name) else {
            return Err(unsupported(path, format!("tensor {name:?}")));
        };
        let reordered = match rotary {
            None => None,
            Some(role) => {
                let n_heads = if role == Rotary::Query {
                    heads.n_heads
                } else {
                    heads.n_kv_heads
                };
                let d_output = shape.first().copied().unwrap_or(1);
                let quantised_bias = shape.len() < 2 && encoding.is_quantised();
                if Some(d_output) != n_heads.checked_mul(heads.d_head) || quantised_bias {
                    let problem = format!(
                        "tensor {name:?} of shape {shape:?} does not hold {n_heads} heads of {}",
                        heads.d_head
                    );
                    return Err(malformed(path, "GGUF", problem));
                }
                Some(heads.d_head)
            }
        };
        let encoding_name = encoding.name().to_owned();
        let info = TensorInfo {
            name: hf,
            shape,
            encoding: encoding_name,
            bytes: bytes.len() as u64,
        };
        Ok(Self {
            info,
            name_in_file: name,
            encoding,
            bytes,
            reordered,
        })
    }

    /// Number of values that are decoded together: one output's, or a single one where outputs are reordered.
    fn line_values(&self) -> usize {
        match (self.info.shape.len(), self.reordered) {
            (0 | 1, Some(_)) => 1,
            (0 | 1, None) => self.info.len(),
            _ => self.info.shape[1..].iter().product(),
        }
    }

    /// Decodes line `line` in Hugging Face order from the tensor's `bytes`.
    fn decode_line(&self, bytes: &[u8], line: usize, values: &mut [f32]) {
        let line = self.reordered.map_or(line, |d_head| stored_output(line, d_head));
        let (block_values, block_bytes) = self.encoding.block();
        let line_bytes = values.len() / block_values * block_bytes;
        self.encoding.decode(&bytes[line * line_bytes..][..line_bytes], values);
    }
}

fn check_kind(keys: Keys<'_>) -> Result<()> {
    match keys.metadata.get("general.architecture").and_then(Value::as_text) {
        Some("llama") => {}
        Some(other) => return Err(unsupported(keys.path, format!("architecture {other:?}"))),
        None => {
            return Err(malformed(
                keys.path,
                "GGUF",
                "metadata \"general.architecture\" is missing",
            ));
        }
    }
    let n_files = keys.optional("split.count", "a number", Value::as_u64)?;
    if n_files.is_some_and(|n_files| n_files > 1) {
        return Err(unsupported(keys.path, "a model split over several files"));
    }
    Ok(())
}

fn read_rope_scaling(tensor: &Tensor, file: &[u8], d_head: usize, keys: Keys<'_>) -> Result<Json> {
    let refuse = || unsupported(keys.path, "rotary factors other than those of Llama 3");
    if tensor.encoding != Encoding::F32 || tensor.shape != [d_head / 2] {
        return Err(refuse());
    }
    let mut factors = vec![0.0; tensor.shape.iter().product()];
    tensor.encoding.decode(&file[tensor.bytes.clone()], &mut factors);
    llama3_scaling(&factors, rope_theta(keys)?).ok_or_else(refuse)
}
