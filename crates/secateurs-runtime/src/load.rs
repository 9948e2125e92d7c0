//! From files to weights.

use secateurs_data::Checkpoint;
use secateurs_data::llama::LlamaConfig;
use secateurs_sparse::{Format, PackedMatrix, SparseError, StoredTensor, ValueType};

use crate::error::RuntimeError;
use crate::weights::{BlockWeights, LlamaWeights};

impl LlamaWeights {
    /// Reads a model.
    ///
    /// Packed matrices and the floats of safetensors files stay in the mapped file; what a GGUF file holds is dequantised and
    /// stored as dense `value_type`.
    ///
    /// # Errors
    ///
    /// If the configuration is not a dense Llama's, a tensor is missing, has another shape, is not used or not finite, or a
    /// packed matrix contradicts itself.
    pub fn load(checkpoint: &Checkpoint, value_type: ValueType) -> Result<Self, RuntimeError> {
        let config = LlamaConfig::open(checkpoint)?;
        config.check_dense("the engine")?;
        let reader = Reader { checkpoint, value_type };
        let (d_model, d_ffn, vocab_size) = (config.d_model, config.d_ffn, config.vocab_size);
        let (d_query, d_key) = (config.n_heads * config.d_head, config.n_kv_heads * config.d_head);
        let block = |index: usize| {
            let vector = |name: &str| reader.vector(&format!("model.layers.{index}.{name}"), d_model);
            let matrix = |name: &str, dims| reader.matrix(&format!("model.layers.{index}.{name}"), dims);
            Ok(BlockWeights {
                attention_norm: vector("input_layernorm")?,
                query: matrix("self_attn.q_proj", [d_query, d_model])?,
                key: matrix("self_attn.k_proj", [d_key, d_model])?,
                value: matrix("self_attn.v_proj", [d_key, d_model])?,
                output: matrix("self_attn.o_proj", [d_model, d_query])?,
                mlp_norm: vector("post_attention_layernorm")?,
                gate: matrix("mlp.gate_proj", [d_ffn, d_model])?,
                up: matrix("mlp.up_proj", [d_ffn, d_model])?,
                down: matrix("mlp.down_proj", [d_model, d_ffn])?,
            })
        };
        let blocks: Result<Vec<_>, RuntimeError> = (0..config.n_blocks).map(block).collect();
        let head = match config.tied_head {
            true => None,
            false => Some(reader.matrix("lm_head", [vocab_size, d_model])?),
        };
        Ok(Self {
            blocks: blocks?,
            embedding: reader.matrix("model.embed_tokens", [vocab_size, d_model])?,
            norm: reader.vector("model.norm", d_model)?,
            head,
            config,
        })
    }
}

/// Reads the matrix of one linear layer, `module.weight` or the tensors that it was packed into.
///
/// # Errors
///
/// As for [`LlamaWeights::load`].
pub fn read_matrix(
    checkpoint: &Checkpoint,
    module: &str,
    dims: [usize; 2],
    value_type: ValueType,
) -> Result<PackedMatrix, RuntimeError> {
    Reader { checkpoint, value_type }.matrix(module, dims)
}

struct Reader<'a> {
    checkpoint: &'a Checkpoint,
    value_type: ValueType,
}

impl Reader<'_> {
    fn vector(&self, module: &str, width: usize) -> Result<Vec<f32>, RuntimeError> {
        let name = format!("{module}.weight");
        let info = self.checkpoint.tensor(&name)?;
        if info.shape != [width] {
            return Err(RuntimeError::Shape {
                name,
                expected: vec![width],
                got: info.shape.clone(),
            });
        }
        Ok(self.checkpoint.read_f32(&name)?)
    }

    fn matrix(&self, module: &str, dims: [usize; 2]) -> Result<PackedMatrix, RuntimeError> {
        let packed = |source: SparseError| RuntimeError::Packed {
            name: module.to_owned(),
            source,
        };
        let matrix = if self.has_packed(module) {
            PackedMatrix::from_tensors(|suffix| self.part(module, suffix)).map_err(packed)?
        } else {
            let name = format!("{module}.weight");
            // Names the tensor if there is none.
            let info = self.checkpoint.tensor(&name)?;
            let (got, values) = (info.shape.clone(), self.checkpoint.read_f32(&name)?);
            if got != dims {
                return Err(shape(module, dims, got));
            }
            PackedMatrix::pack(&values, dims, Format::Dense, self.value_type).map_err(packed)?
        };
        if matrix.dims() != dims {
            return Err(shape(module, dims, matrix.dims().to_vec()));
        }
        Ok(matrix)
    }

    /// Whether the matrix is stored in a way that is used as it is.
    fn has_packed(&self, module: &str) -> bool {
        let stored = |suffix| self.part(module, suffix);
        let is_float = |tensor: StoredTensor| ["F32", "F16", "BF16"].contains(&tensor.dtype.as_str());
        stored("shape").is_some() || stored("").is_some_and(is_float)
    }

    /// A tensor of a packed matrix. compressed-tensors names them after the module, not after its weight.
    fn part(&self, module: &str, suffix: &str) -> Option<StoredTensor> {
        let suffix = if suffix.is_empty() { "weight" } else { suffix };
        let tensor = self.checkpoint.stored(&format!("{module}.{suffix}"))?;
        // Where values lie is checked once and then trusted, so it must not change with the file.
        let is_trusted = ["bitmask", "row_offsets", "indices"].contains(&suffix);
        Some(StoredTensor {
            dtype: tensor.dtype,
            shape: tensor.shape,
            bytes: if is_trusted {
                tensor.bytes.to_vec().into()
            } else {
                tensor.bytes
            },
        })
    }
}

fn shape(module: &str, expected: [usize; 2], got: Vec<usize>) -> RuntimeError {
    RuntimeError::Shape {
        name: module.to_owned(),
        expected: expected.to_vec(),
        got,
    }
}
