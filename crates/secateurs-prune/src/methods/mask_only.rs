//! Choosing alone: the surviving weights keep their dense values.

use secateurs_importance::{Importance, LayerView};
use secateurs_tensor::{Needs, Pattern, Scope, select};

use crate::algebra::gram::Gram;
use crate::error::PruneError;
use crate::methods::layer_method::LayerMethod;
use crate::methods::prepare::finish;
use crate::methods::problem::{LayerProblem, Solution};

/// Any score of `secateurs-importance` as a method that chooses weights and does not adapt the others.
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
///
/// A score of another crate runs in the driver like those of this project:
///
/// ```
/// # use burn::nn::{Linear, LinearConfig};
/// # use burn::tensor::Tensor;
/// # use secateurs_prune::{BlockPlan, BlockStore, MaskOnly, prune_blocks};
/// # use secateurs_tensor::{Needs, Observer, PathRules};
/// # struct Stack(Vec<Linear>);
/// # impl BlockStore for Stack {
/// #     type Block = Linear;
/// #     type Flow = Tensor<2>;
/// #     type Error = std::convert::Infallible;
/// #     fn n_blocks(&self) -> usize { self.0.len() }
/// #     fn path(&self, index: usize) -> String { format!("layers.{index}") }
/// #     fn load(&self, index: usize) -> Result<Linear, Self::Error> { Ok(self.0[index].clone()) }
/// #     fn forward(&self, block: &Linear, input: Tensor<2>, observer: &mut dyn Observer) -> Tensor<2> {
/// #         observer.observe(&["weight"], &input);
/// #         block.forward(input)
/// #     }
/// #     fn store(&mut self, index: usize, block: Linear) -> Result<Linear, Self::Error> {
/// #         self.0[index] = block.clone();
/// #         Ok(block)
/// #     }
/// # }
/// use secateurs_importance::{Importance, LayerView, Result};
/// use secateurs_tensor::{Scope, Scores};
///
/// /// Keeps what reads strong inputs, whatever it weighs.
/// struct InputsAlone;
///
/// impl Importance for InputsAlone {
///     fn name(&self) -> &str { "inputs-alone" }
///     fn needs(&self) -> Needs { Needs::INPUT_NORMS }
///     fn score(&self, layer: &LayerView<'_>) -> Result<Scores> {
///         layer.scores(layer.norms(self.name())?.repeat(layer.weight.d_output()))
///     }
/// }
/// # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let device = secateurs_testkit::device();
/// # let mut stack = Stack(vec![LinearConfig::new(2, 3).init(&device)]);
/// let calibration = vec![Tensor::from_data([[1.0, 9.0], [1.0, -9.0]], &device)];
/// let method = MaskOnly::new(InputsAlone, Scope::PerOutput);
/// let (patterns, rules) = (["50%".parse()?], PathRules::default());
/// let report = prune_blocks(&mut stack, calibration, &BlockPlan::new(&method, &patterns, &rules), &mut |_| {})?;
/// assert_eq!((report.method.as_str(), report.layers[0].pruned), ("inputs-alone", 3));
/// assert_eq!(stack.0[0].weight.val().try_into_vec_as::<f32>()?[..3], [0.0; 3]);
/// # Ok(())
/// # }
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
