//! Settings of each stage, and its budget.

use secateurs_formula::Rounding;
use serde::{Deserialize, Serialize};

use crate::symbolic::symbolise::SymbolicConfig;

/// Budget of each stage: the relative growth of the validation loss that the stage may cause, for each output.
///
/// Each loss is compared with the loss before the stage, so that a stage does not lose the gain of the one before it.
/// In the worst case the growths of the stages multiply.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Growth of the loss by pruning.
    pub prune: f64,
    /// Growth of the loss by functions on the edges, over the loss of the pruned or of the full network, whichever is less.
    pub symbolic: f64,
    /// Greatest change of an output by functions: its root mean square over training and validation inputs, as a share of the
    /// output's deviation.
    ///
    /// The loss may not see all outputs at all inputs: a T-learner's network is not judged at the rows of the other arm.
    /// Functions have no bounds there, while splines have.
    pub change: f64,
    /// Growth of the loss by rounding, and greatest change of an output by rounding, measured as `change` is:
    /// validation rows may be few, and miss where rounding does harm.
    pub round: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            prune: 0.02,
            symbolic: 0.05,
            change: 0.3,
            round: 0.05,
        }
    }
}

/// Settings that each stage tries, the boldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaSearch {
    /// Growth of the loss that each stage may cause.
    pub budget: Budget,
    /// Thresholds of attribution scores for nodes and edges; none leaves the network whole.
    pub thresholds: Vec<f64>,
    /// Shares of an edge's variance that its function must explain.
    pub r_squared: Vec<f64>,
    /// The functions to try; their criterion is replaced.
    pub symbolic: SymbolicConfig,
    /// Roundings to try.
    pub roundings: Vec<Rounding>,
}

impl Default for FormulaSearch {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            thresholds: vec![0.3, 0.1, 0.03, 0.01],
            r_squared: vec![0.9, 0.95, 0.98, 0.99, 0.999],
            symbolic: SymbolicConfig {
                library: secateurs_formula::Library::default().with_polynomials(5),
                ..SymbolicConfig::default()
            },
            // Decimals remove small shifts; digits keep small factors. What is far from zero needs more of them.
            roundings: (1..=6)
                .flat_map(|n| [Rounding::Decimals(n), Rounding::Significant(n)])
                .chain((7..=14).map(Rounding::Significant))
                .collect(),
        }
    }
}
