//! Choosing alone: the weights that stay are those of the dense layer.

use secateurs_importance::{Importance, LayerView};
use secateurs_tensor::{Needs, Pattern, Scope, select};

use crate::algebra::gram::Gram;
use crate::error::PruneError;
use crate::methods::layer_method::LayerMethod;
use crate::methods::prepare::finish;
use crate::methods::problem::{LayerProblem, Solution};

/// Any score of `secateurs-importance`, and nothing after it.
///
/// # Examples
///
/// ```
/// use secateurs_importance::Wanda;
/// use secateurs_prune::{LayerMethod, LayerProblem, MaskOnly};
/// use secateurs_tensor::{Scope, WeightMatrix};
///
/// let weight = WeightMatrix::new(vec![1.0, -3.0], [1, 2])?;
/// let problem = LayerProblem::new("layer", &weight, "50%".parse()?).with_input_norms(&[8.0, 2.0]);
/// let solution = MaskOnly::new(Wanda, Scope::PerOutput).solve(&problem)?;
/// assert_eq!(solution.weight.values(), [1.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MaskOnly {
    importance: Box<dyn Importance>,
    scope: Scope,
}

impl MaskOnly {
    /// Prunes the lowest scores of each comparison group; [`Scope::Global`] within one layer is
    /// [`Scope::PerLayer`].
    pub fn new(importance: impl Importance + 'static, scope: Scope) -> Self {
        Self {
            importance: Box::new(importance),
            scope,
        }
    }

    /// The comparison group.
    pub fn scope(&self) -> Scope {
        self.scope
    }
}

impl LayerMethod for MaskOnly {
    fn name(&self) -> &str {
        self.importance.name()
    }

    fn needs(&self) -> Needs {
        self.importance.needs()
    }

    fn pruned_count(&self, pattern: Pattern, dims: [usize; 2]) -> usize {
        match (self.scope, pattern) {
            (Scope::PerOutput, Pattern::Unstructured(sparsity)) => dims[0] * sparsity.pruned_count(dims[1]),
            _ => pattern.pruned_count(dims),
        }
    }

    fn solve(&self, problem: &LayerProblem<'_>) -> Result<Solution, PruneError> {
        let _span = tracing::debug_span!("mask_only", path = problem.path, importance = self.name()).entered();
        let weight = problem.weight;
        weight.check_finite(problem.path)?;
        if let Pattern::Nm(pattern) = problem.pattern {
            pattern.check(weight.d_input()).map_err(PruneError::at(problem.path))?;
        }
        if problem.pattern.pruned_count(weight.dims()) == 0 {
            return Ok(Solution::unchanged(weight));
        }
        let of_gram = match problem.input_norms {
            Some(_) => None,
            None => problem.gram.map(Gram::l2_norms),
        };
        let mut view = LayerView::of_weight(problem.path, weight);
        view.input_norms = problem.input_norms.or(of_gram.as_deref());
        view.gradients = problem.gradients;
        let scores = self.importance.score(&view)?;
        let keep = select(&scores, problem.pattern, self.scope).map_err(PruneError::at(problem.path))?;
        finish(problem, weight.clone(), keep, Vec::new())
    }
}
