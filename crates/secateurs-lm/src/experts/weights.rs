//! Removes weights inside experts, scored by gated inputs.

use burn::module::Param;
use secateurs_importance::{Importance, LayerView, Wanda};
use secateurs_models::decoder::LlamaMoe;
use secateurs_moe::MoeError;
use secateurs_prune::PruneError;
use secateurs_tensor::{Pattern, Scope, Sparsity, WeightMatrix, select};

use super::method::ExpertMethod;
use super::observe::ExpertObservation;
use crate::experts::error::ExpertError;

/// Zeroes a share of the weights of every output of every expert: the weights of the lowest `|W| * ||x . gate||`.
pub(super) fn zero_weights(
    mut moe: LlamaMoe,
    observed: &ExpertObservation,
    share: Sparsity,
) -> Result<LlamaMoe, ExpertError> {
    if observed.gated.is_empty() {
        let criterion = ExpertMethod::MoePruner.name().to_owned();
        return Err(MoeError::NoEvidence { criterion }.into());
    }
    let pattern = Pattern::Unstructured(share);
    for (index, expert) in moe.experts.iter_mut().enumerate() {
        let linears = [
            ("gate_proj", &mut expert.gate_proj),
            ("up_proj", &mut expert.up_proj),
            ("down_proj", &mut expert.down_proj),
        ];
        for (name, linear) in linears {
            let path = format!("moe.experts.{index}.{name}.weight");
            let tensor = linear.weight.val();
            let mut weight = WeightMatrix::from_linear(&tensor);
            // Of an expert that answered nothing, nothing is known: all of its weights score zero.
            let unseen = || vec![0.0; weight.d_input()];
            let norms = observed.gated.get(&path).map_or_else(unseen, |stats| stats.l2_norms());
            let view = LayerView::of_weight(&path, &weight).with_input_norms(&norms);
            let scores = Wanda.score(&view).map_err(PruneError::from)?;
            select(&scores, pattern, Scope::PerOutput)?.apply(&mut weight)?;
            linear.weight = Param::from_tensor(weight.into_linear(&tensor.device()));
        }
    }
    Ok(moe)
}
