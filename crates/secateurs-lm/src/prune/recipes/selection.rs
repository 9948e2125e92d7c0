//! The matrices that pruning may change.

use secateurs_data::{Checkpoint, DataError, FloatType, TensorPlan};
use secateurs_models::ModelShape;

/// A matrix inside a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockMatrix {
    /// Path of the weight, as rules use it.
    pub path: String,
    /// Name in the model's files.
    pub name: String,
    /// Index of the block.
    pub block: usize,
    /// Dimensions `[d_output, d_input]`.
    pub dims: [usize; 2],
}

/// All matrices inside the blocks of a model, whether or not rules select them.
pub fn block_matrices(shape: &ModelShape) -> Vec<BlockMatrix> {
    let matrix = |tensor: &TensorPlan| {
        Some(BlockMatrix {
            path: tensor.path.clone(),
            name: tensor.name.clone(),
            block: tensor.block?,
            dims: tensor.dims()?,
        })
    };
    shape.tensors.iter().filter_map(matrix).collect()
}

/// Refuses weights that the number format of the output cannot hold.
pub(crate) fn check_fits(source: &Checkpoint, tensors: &[TensorPlan], dtype: FloatType) -> Result<(), DataError> {
    if dtype == FloatType::F32 {
        return Ok(());
    }
    for tensor in tensors {
        if source.tensor(&tensor.name)?.encoding != dtype.safetensors_name() {
            dtype
                .check_fits(&tensor.name, &source.read_f32(&tensor.name)?)
                .map_err(DataError::from)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use secateurs_data::llama::LlamaConfig;
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
        let matrices = block_matrices(&ModelShape::of(&config));
        assert_eq!(matrices.len(), 14);
        assert!(matrices.iter().all(|matrix| PathRules::default().selects(&matrix.path)));
        let down = matrices
            .iter()
            .find(|m| m.path == "model.layers.1.mlp.down_proj.weight");
        assert_eq!(down.map(|m| (m.block, m.dims)), Some((1, [8, 12])));
    }
}
