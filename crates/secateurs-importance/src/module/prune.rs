//! Scores and prunes the linears of a burn module.

use std::time::Instant;

use burn::module::Module;
use secateurs_tensor::{
    KeepMask, LayerReport, MaskSet, PathRules, Pattern, Report, Scope, Scores, WeightMatrix, attach_masks, fold_masks,
    read_weights, select, select_global,
};

use crate::error::{ImportanceError, Result};
use crate::layer::Importance;
use crate::module::statistics::ModuleStatistics;

/// The score, pattern and rules by which the weights of a module are pruned.
#[derive(Clone, Copy)]
pub struct ModulePlan<'a> {
    /// The score.
    pub importance: &'a dyn Importance,
    /// Number of zeros, and the places where they may stand.
    pub pattern: Pattern,
    /// Group of weights that compete.
    pub scope: Scope,
    /// Rules that choose the pruned parameters.
    pub rules: &'a PathRules,
}

/// Prunes a module by a score of its weights alone.
///
/// Returns the module with pruned weights at `+0.0`, the masks (to
/// [`attach`](secateurs_tensor::attach_masks) for fine-tuning) and a report measured on the result.
///
/// # Errors
///
/// If the score needs statistics (use [`prune_module_with`]), if a weight is not finite, if nothing is selected, if
/// N:M groups do not tile a layer, or if a selected parameter already carries a reparameterisation.
///
/// # Examples
///
/// ```
/// use burn::nn::LinearConfig;
/// use secateurs_importance::{Magnitude, prune_module};
/// use secateurs_tensor::{PathRules, Scope};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let linear = LinearConfig::new(8, 4).init(&secateurs_testkit::device());
/// let rules = PathRules::default();
/// let (linear, masks, report) = prune_module(linear, &Magnitude, "2:4".parse()?, Scope::PerLayer, &rules)?;
/// assert_eq!(report.sparsity(), 0.5);
/// assert_eq!(masks["weight"].n_pruned(), 16);
/// # let _ = linear;
/// # Ok(())
/// # }
/// ```
pub fn prune_module<M: Module>(
    module: M,
    importance: &dyn Importance,
    pattern: Pattern,
    scope: Scope,
    rules: &PathRules,
) -> Result<(M, MaskSet, Report)> {
    prune_module_with(
        module,
        &ModulePlan {
            importance,
            pattern,
            scope,
            rules,
        },
        &ModuleStatistics::default(),
    )
}

/// Prunes a module by any score, on the data in `statistics`.
///
/// # Errors
///
/// As [`prune_module`], and if `statistics` lacks data that the score needs for a selected layer.
pub fn prune_module_with<M: Module>(
    module: M,
    plan: &ModulePlan<'_>,
    statistics: &ModuleStatistics,
) -> Result<(M, MaskSet, Report)> {
    let _span = tracing::info_span!("prune_module", importance = plan.importance.name()).entered();
    let started = Instant::now();
    let weights = read_selected(&module, plan.rules)?;
    let mut seconds = Vec::with_capacity(weights.len());
    let mut scores = Vec::with_capacity(weights.len());
    for (path, weight) in &weights {
        let layer_started = Instant::now();
        scores.push(score_layer(path, weight, plan.importance, statistics)?);
        seconds.push(layer_started.elapsed().as_secs_f64());
    }
    let keep = select_all(&weights, &scores, plan)?;
    let masks: MaskSet = weights.iter().map(|(path, _)| path.clone()).zip(keep).collect();
    let module = fold_masks(attach_masks(module, &masks)?);
    let layers = measure(&module, plan, &masks, &seconds);
    let report = Report {
        method: plan.importance.name().to_owned(),
        pattern: plan.pattern.to_string(),
        scope: Some(plan.scope),
        layers,
        units: Vec::new(),
        cost: None,
        seconds: started.elapsed().as_secs_f64(),
        peak_rss_bytes: None,
        notes: Vec::new(),
    };
    Ok((module, masks, report))
}

/// Scores of the linear weights that `rules` select, in the order of the module.
///
/// # Errors
///
/// As [`prune_module_with`].
pub fn score_module(
    module: &impl Module,
    importance: &dyn Importance,
    rules: &PathRules,
    statistics: &ModuleStatistics,
) -> Result<Vec<(String, Scores)>> {
    let scored = read_selected(module, rules)?.into_iter().map(|(path, weight)| {
        let scores = score_layer(&path, &weight, importance, statistics)?;
        Ok((path, scores))
    });
    scored.collect()
}

fn read_selected(module: &impl Module, rules: &PathRules) -> Result<Vec<(String, WeightMatrix)>> {
    let weights = read_weights(module, rules);
    if weights.is_empty() {
        Err(ImportanceError::NothingSelected)
    } else {
        Ok(weights)
    }
}

fn score_layer(
    path: &str,
    weight: &WeightMatrix,
    importance: &dyn Importance,
    statistics: &ModuleStatistics,
) -> Result<Scores> {
    weight.check_finite(path)?;
    importance.score(&statistics.view(path, weight))
}

fn select_all(weights: &[(String, WeightMatrix)], scores: &[Scores], plan: &ModulePlan<'_>) -> Result<Vec<KeepMask>> {
    if let (Pattern::Unstructured(sparsity), Scope::Global) = (plan.pattern, plan.scope) {
        return Ok(select_global(scores, sparsity)?);
    }
    let each = weights.iter().zip(scores).map(|((path, _), scores)| {
        select(scores, plan.pattern, plan.scope).map_err(|source| ImportanceError::Layer {
            path: path.clone(),
            source,
        })
    });
    each.collect()
}

/// Counts zeros in the pruned module.
///
/// Under [`Scope::Global`] no layer has a request of its own, so a layer reports its share of the global choice.
fn measure(module: &impl Module, plan: &ModulePlan<'_>, masks: &MaskSet, seconds: &[f64]) -> Vec<LayerReport> {
    let weights = read_weights(module, plan.rules).into_iter().zip(seconds);
    let layers = weights.map(|((path, weight), &seconds)| LayerReport {
        requested_sparsity: requested_sparsity(plan, &masks[&path]),
        requested_pruned: count_requested(plan, &masks[&path]),
        dims: weight.dims(),
        pruned: weight.n_zeros(),
        path,
        seconds,
        relative_error: None,
        events: Vec::new(),
    });
    layers.collect()
}

fn count_requested(plan: &ModulePlan<'_>, mask: &KeepMask) -> usize {
    let [d_output, d_input] = mask.dims();
    match (plan.pattern, plan.scope) {
        (Pattern::Unstructured(_), Scope::Global) => mask.n_pruned(),
        (Pattern::Unstructured(sparsity), Scope::PerOutput) => d_output * sparsity.pruned_count(d_input),
        (pattern, _) => pattern.pruned_count(mask.dims()),
    }
}

fn requested_sparsity(plan: &ModulePlan<'_>, mask: &KeepMask) -> f64 {
    match (plan.pattern, plan.scope) {
        (Pattern::Unstructured(_), Scope::Global) => mask.sparsity(),
        (pattern, _) => pattern.sparsity(),
    }
}
