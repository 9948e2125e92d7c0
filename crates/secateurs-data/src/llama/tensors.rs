//! The list of a Llama's tensors, the common source of loading, pruning, packing and running.

use super::config::LlamaConfig;
use super::experts::ExpertLayout;
use super::role::LlamaRole;
use crate::{PlannedTensor, TensorPlan};

/// A tensor of a Llama.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LlamaTensor {
    /// Role of the tensor.
    pub role: LlamaRole,
    /// Index of the expert that it belongs to, if any.
    pub expert: Option<usize>,
    /// Names in modules and files, block and shape.
    pub plan: TensorPlan,
}

/// Names and shapes of all tensors of a Llama, in Hugging Face layout and file order.
pub fn planned_tensors(config: &LlamaConfig) -> Vec<PlannedTensor> {
    config.tensors().map(|tensor| tensor.plan.into()).collect()
}

impl LlamaConfig {
    /// All tensors of the model, in file order: the embedding, the blocks, the last norm and the output matrix.
    pub fn tensors(&self) -> impl Iterator<Item = LlamaTensor> + '_ {
        let (before, after): (Vec<_>, Vec<_>) = self
            .outer_tensors()
            .into_iter()
            .partition(|tensor| tensor.role == LlamaRole::Embedding);
        let blocks = (0..self.n_blocks).flat_map(|block| self.block_tensors(block));
        before.into_iter().chain(blocks).chain(after)
    }

    /// The tensors outside the blocks, the embedding first.
    pub fn outer_tensors(&self) -> Vec<LlamaTensor> {
        let mut roles = vec![LlamaRole::Embedding, LlamaRole::FinalNorm];
        if !self.tied_head {
            roles.push(LlamaRole::Head);
        }
        roles.into_iter().map(|role| self.tensor(role, Owner::Model)).collect()
    }

    /// The tensors of block `index`, in file order.
    pub fn block_tensors(&self, index: usize) -> Vec<LlamaTensor> {
        let has_norms = self.layout().is_some_and(ExpertLayout::has_attention_norms);
        let attention = LlamaRole::ATTENTION.into_iter();
        let mut tensors: Vec<LlamaTensor> = attention
            .filter(|role| has_norms || !role.is_head_norm())
            .map(|role| self.tensor(role, Owner::Block(index)))
            .collect();
        match self.experts {
            None => tensors.extend(LlamaRole::SWIGLU.map(|role| self.tensor(role, Owner::Block(index)))),
            Some(experts) => {
                tensors.push(self.tensor(LlamaRole::Router, Owner::Block(index)));
                tensors.extend((0..experts.n_experts).flat_map(|expert| {
                    let block = index;
                    LlamaRole::SWIGLU.map(|role| self.tensor(role, Owner::Expert { block, expert }))
                }));
            }
        }
        tensors
    }

    fn tensor(&self, role: LlamaRole, owner: Owner) -> LlamaTensor {
        let path = owner.path(role) + ".weight";
        let name = match self.layout() {
            Some(layout) => layout.file_name(&path),
            None => path.clone(),
        };
        LlamaTensor {
            role,
            expert: owner.expert(),
            plan: TensorPlan {
                path,
                name,
                shape: role.shape(self),
                block: owner.block(),
                kind: role.kind(),
            },
        }
    }
}

/// The part of a model that a tensor belongs to.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Model,
    Block(usize),
    Expert { block: usize, expert: usize },
}

impl Owner {
    fn block(self) -> Option<usize> {
        match self {
            Self::Model => None,
            Self::Block(block) | Self::Expert { block, .. } => Some(block),
        }
    }

    fn expert(self) -> Option<usize> {
        match self {
            Self::Expert { expert, .. } => Some(expert),
            Self::Model | Self::Block(_) => None,
        }
    }

    /// Path of the layer of this role in the whole model.
    fn path(self, role: LlamaRole) -> String {
        let layer = role.layer();
        match self {
            Self::Model => layer.to_owned(),
            Self::Block(block) if LlamaRole::SWIGLU.contains(&role) => format!("model.layers.{block}.mlp.{layer}"),
            Self::Block(block) => format!("model.layers.{block}.{layer}"),
            Self::Expert { block, expert } => format!("model.layers.{block}.moe.experts.{expert}.{layer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(experts: serde_json::Value) -> Vec<(String, Vec<usize>)> {
        let mut json = json!({
            "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "num_key_value_heads": 1, "vocab_size": 32, "rms_norm_eps": 1e-5, "max_position_embeddings": 64
        });
        let fields = experts.as_object().into_iter().flatten();
        fields.for_each(|(field, value)| json[field] = value.clone());
        let config = LlamaConfig::from_json(&json).expect("a configuration");
        let tensors = planned_tensors(&config).into_iter();
        tensors.map(|tensor| (tensor.name, tensor.shape)).collect()
    }

    #[test]
    fn a_mixtral_has_a_gate_and_experts() {
        let tensors = planned(json!({ "model_type": "mixtral", "num_local_experts": 3, "num_experts_per_tok": 2 }));
        assert_eq!(tensors.len(), 3 + 6 + 1 + 3 * 3);
        let name = |rest: &str| format!("model.layers.0.block_sparse_moe.{rest}.weight");
        assert!(tensors.contains(&(name("gate"), vec![3, 8])));
        assert!(tensors.contains(&(name("experts.2.w1"), vec![16, 8])));
        assert!(tensors.contains(&(name("experts.2.w3"), vec![16, 8])));
        assert!(tensors.contains(&(name("experts.2.w2"), vec![8, 16])));
    }

    #[test]
    fn an_olmoe_has_attention_norms_besides() {
        let tensors = planned(json!({ "model_type": "olmoe", "num_experts": 3, "num_experts_per_tok": 1 }));
        assert_eq!(tensors.len(), 3 + 8 + 1 + 3 * 3);
        assert!(tensors.contains(&("model.layers.0.self_attn.q_norm.weight".into(), vec![8])));
        assert!(tensors.contains(&("model.layers.0.self_attn.k_norm.weight".into(), vec![4])));
        assert!(tensors.contains(&("model.layers.0.mlp.gate.weight".into(), vec![3, 8])));
        assert!(tensors.contains(&("model.layers.0.mlp.experts.0.down_proj.weight".into(), vec![8, 16])));
    }
}
