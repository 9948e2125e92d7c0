//! The matrices that pruning may touch.

use secateurs_data::llama::{LlamaConfig, planned_tensors};
use secateurs_data::{Checkpoint, FloatType, PlannedTensor};

use crate::Error;

/// A matrix inside a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockMatrix {
    /// Path of the weight, as rules see it.
    pub path: String,
    /// Index of the block.
    pub block: usize,
    /// `[d_output, d_input]`
    pub dims: [usize; 2],
}

/// All matrices inside the blocks of a model, whether or not rules select them.
pub fn block_matrices(config: &LlamaConfig) -> Vec<BlockMatrix> {
    let matrix = |tensor: PlannedTensor| {
        let block = tensor.name.strip_prefix("model.layers.")?.split('.').next()?;
        Some(BlockMatrix {
            path: config.module_path(&tensor.name),
            block: block.parse().ok()?,
            dims: tensor.shape.as_slice().try_into().ok()?,
        })
    };
    planned_tensors(config).into_iter().filter_map(matrix).collect()
}

/// Name in the model's files of the parameter at a path of the module.
pub(crate) fn file_name(config: &LlamaConfig, path: &str) -> String {
    config
        .layout()
        .map_or_else(|| path.to_owned(), |layout| layout.file_name(path))
}

/// Refuses weights that the number format of the output cannot hold.
pub(crate) fn check_fits(source: &Checkpoint, planned: &[PlannedTensor], dtype: FloatType) -> Result<(), Error> {
    if dtype == FloatType::F32 {
        return Ok(());
    }
    for tensor in planned {
        if source.tensor(&tensor.name)?.encoding != dtype.safetensors_name() {
            dtype
                .check_fits(&tensor.name, &source.read_f32(&tensor.name)?)
                .map_err(secateurs_data::DataError::from)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use secateurs_tensor::PathRules;

    use super::*;

    #[test]
    fn matrices_of_blocks_are_listed_with_their_block() {
        let json = serde_json::json!({
            "model_type": "llama", "hidden_act": "silu", "hidden_size": 8, "intermediate_size": 12,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 5,
            "max_position_embeddings": 4, "rms_norm_eps": 1e-5, "tie_word_embeddings": true
        });
        let config = LlamaConfig::from_json(&json).expect("a Llama");
        let matrices = block_matrices(&config);
        assert_eq!(matrices.len(), 14);
        assert!(matrices.iter().all(|matrix| PathRules::default().selects(&matrix.path)));
        let down = matrices
            .iter()
            .find(|m| m.path == "model.layers.1.mlp.down_proj.weight");
        assert_eq!(down.map(|m| (m.block, m.dims)), Some((1, [8, 12])));
    }
}
