//! What a recipe does to a model, checked before any work is done.

use secateurs_data::llama::{LlamaConfig, planned_tensors};
use secateurs_data::{Checkpoint, FloatType, PlannedTensor};
use secateurs_prune::PruneError;
use secateurs_tensor::Pattern;

use crate::Error;
use crate::prune::recipe::{AllocationRecipe, Recipe};

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

impl Recipe {
    /// Refuses a recipe that this model cannot follow.
    ///
    /// # Errors
    ///
    /// If a glob matches no layer, no layer is selected, groups of an N:M pattern do not tile the inputs of one, or an
    /// allocation does not fit the pattern or the number of blocks.
    pub fn check(&self, config: &LlamaConfig) -> Result<(), Error> {
        let matrices = block_matrices(config);
        self.rules
            .check_globs(matrices.iter().map(|matrix| matrix.path.as_str()))?;
        let mut selected = matrices
            .iter()
            .filter(|matrix| self.rules.selects(&matrix.path))
            .peekable();
        if selected.peek().is_none() {
            return Err(PruneError::NothingToPrune.into());
        }
        match (self.pattern()?, &self.allocation) {
            (Pattern::Nm(pattern), AllocationRecipe::Uniform) => {
                for matrix in selected {
                    let checked = pattern.check(matrix.dims[1]);
                    checked.map_err(|source| PruneError::Layer {
                        path: matrix.path.clone(),
                        source,
                    })?;
                }
                Ok(())
            }
            (Pattern::Nm(pattern), _) => {
                let pattern = pattern.to_string();
                Err(PruneError::FixedPattern { pattern }.into())
            }
            (_, AllocationRecipe::PerBlock { sparsities }) if sparsities.len() != config.n_blocks => {
                Err(PruneError::AllocationCount {
                    expected: config.n_blocks,
                    got: sparsities.len(),
                }
                .into())
            }
            _ => Ok(()),
        }
    }
}

/// Refuses weights that the number format of the output cannot hold.
pub(crate) fn check_fits(source: &Checkpoint, planned: &[PlannedTensor], dtype: FloatType) -> Result<(), Error> {
    if dtype == FloatType::F32 {
        return Ok(());
    }
    for tensor in planned {
        if source.tensor(&tensor.name)?.encoding != dtype.safetensors_name() {
            dtype.check_fits(&tensor.name, &source.read_f32(&tensor.name)?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use secateurs_tensor::PathRules;

    use super::*;
    use crate::Method;

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
        let recipe = Recipe::new(Method::Magnitude, "2:4".parse().expect("a pattern"));
        assert!(recipe.check(&config).is_ok());
        let recipe = Recipe::new(Method::Magnitude, "3:8".parse().expect("a pattern"));
        // 12 inputs of the last matrix.
        let refused = recipe
            .check(&config)
            .expect_err("12 is not a multiple of 8")
            .to_string();
        assert!(refused.contains("down_proj") && refused.contains("12"), "{refused}");
    }
}
