//! Mixtures of the Llama layouts: Mixtral and OLMoE.

use burn::tensor::Tensor;
use secateurs_data::llama::{ExpertsConfig, LlamaConfig, LlamaTensor};
use serde_json::Value;

use super::block::LlamaBlock;
use super::model::Llama;
use super::moe::LlamaMoe;
use super::rope::Rope;
use crate::{ExpertTensor, MixtureFamily};

impl MixtureFamily for LlamaConfig {
    fn with_experts(&self, n_experts: usize) -> Self {
        let experts = self.experts.map(|experts| ExpertsConfig { n_experts, ..experts });
        Self {
            experts,
            ..self.clone()
        }
    }

    fn expert_tensors(&self) -> Vec<ExpertTensor> {
        let of_expert = |tensor: LlamaTensor| {
            let (expert, plan) = (tensor.expert?, tensor.plan);
            Some(ExpertTensor { expert, plan })
        };
        self.tensors().filter_map(of_expert).collect()
    }

    fn write_experts(&self, config: &mut Value) {
        // The number of experts may stand under the name of either family, or both.
        const NAMES: [&str; 2] = ["num_local_experts", "num_experts"];
        let json = self.to_json();
        let own = NAMES.iter().find_map(|field| Some((*field, json.get(*field)?)));
        let Some((own, n_experts)) = own else { return };
        for field in NAMES {
            if field == own || config.get(field).is_some() {
                config[field] = n_experts.clone();
            }
        }
    }

    fn mixture_of(block: &LlamaBlock) -> Option<&LlamaMoe> {
        block.moe.as_ref()
    }

    fn mixtures_mut(model: &mut Llama) -> Vec<&mut LlamaMoe> {
        let blocks = model.model.layers.iter_mut();
        blocks.filter_map(|block| block.moe.as_mut()).collect()
    }

    fn mixture_input(&self, block: &LlamaBlock, hidden: Tensor<3>, positions: &Rope) -> Tensor<2> {
        block.experts_input(hidden, positions)
    }
}
