//! The report on a pruning run, in numbers measured on its result.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::report::cost::CostChange;
use crate::report::units::UnitReport;
use crate::vocabulary::scope::Scope;
use crate::vocabulary::sparsity::Sparsity;
use crate::weights::matrix::fraction;

/// Outcome of one pruning run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The method, `wanda`.
    pub method: String,
    /// The pattern as asked for, `50%` or `2:4`.
    pub pattern: String,
    /// The comparison group, where the method has one.
    pub scope: Option<Scope>,
    /// One entry per pruned weight matrix, in the order of pruning.
    pub layers: Vec<LayerReport>,
    /// One entry per group of units that were removed whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitReport>,
    /// Cost of the model before and after, where it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostChange>,
    /// Wall-clock time of the whole run.
    pub seconds: f64,
    /// The most memory that the process held, in bytes, where the system tells.
    pub peak_rss_bytes: Option<u64>,
    /// Remarks for the reader.
    pub notes: Vec<String>,
}

impl Report {
    /// The requested fraction of zeros over all layers: the mean of their fractions, weighted by their sizes.
    pub fn requested_sparsity(&self) -> f64 {
        requested_sparsity(&self.layers)
    }

    /// The measured fraction of zero weights, over all layers.
    pub fn sparsity(&self) -> f64 {
        fraction(
            self.layers.iter().map(|layer| layer.pruned).sum(),
            self.layers.iter().map(LayerReport::n_weights).sum(),
        )
    }
}

/// The requested fraction of zeros over some layers: the mean of their fractions, weighted by their sizes.
pub fn requested_sparsity(layers: &[LayerReport]) -> f64 {
    let all: f64 = layers.iter().map(|layer| layer.n_weights() as f64).sum();
    match layers {
        [] => 0.0,
        // A weighted mean of equal numbers may differ from them in the last bits.
        [first, rest @ ..]
            if rest
                .iter()
                .all(|layer| layer.requested_sparsity == first.requested_sparsity) =>
        {
            first.requested_sparsity
        }
        _ => {
            let asked = |layer: &LayerReport| layer.requested_sparsity * layer.n_weights() as f64;
            layers.iter().map(asked).sum::<f64>() / all.max(1.0)
        }
    }
}

/// Outcome for one weight matrix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerReport {
    /// Path of the parameter.
    pub path: String,
    /// `[d_output, d_input]`.
    pub dims: [usize; 2],
    /// Requested fraction of zeros.
    pub requested_sparsity: f64,
    /// Number of weights to prune for that: the fraction of every comparison group, rounded down to whole weights.
    pub requested_pruned: usize,
    /// Zeros counted in the stored result: pruned weights, weights that were zero before, and weights that rounding
    /// made zero.
    pub pruned: usize,
    /// Wall-clock time of this matrix.
    pub seconds: f64,
    /// `||(W - W^) X||^2 / ||W X||^2` on the calibration inputs, where there were any.
    pub relative_error: Option<f64>,
    /// Notable events of the solver.
    pub events: Vec<Event>,
}

impl LayerReport {
    /// Number of weights.
    pub fn n_weights(&self) -> usize {
        self.dims[0] * self.dims[1]
    }

    /// The measured fraction of zeros.
    pub fn sparsity(&self) -> f64 {
        fraction(self.pruned, self.n_weights())
    }

    /// Number of weights to prune if the layer were one comparison group.
    pub fn whole_request(&self) -> usize {
        let sparsity = Sparsity::new(self.requested_sparsity).map(|sparsity| sparsity.pruned_count(self.n_weights()));
        sparsity.unwrap_or(self.requested_pruned)
    }
}

/// An event in a solver that a reader should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    /// A matrix was not positive definite, so more was added to its diagonal.
    DampingRaised {
        /// Damping before.
        from: f64,
        /// Damping that worked.
        to: f64,
        /// The step that failed.
        reason: String,
    },
    /// Another method or variant ran than was asked for.
    FellBack {
        /// The requested method or variant.
        from: String,
        /// The method or variant that ran.
        to: String,
        /// Reason for the change.
        reason: String,
    },
    /// Inputs that were zero on every calibration token.
    DeadInputs {
        /// Number of such inputs.
        count: usize,
    },
    /// The solver stopped at its limit.
    NotConverged {
        /// Iterations done.
        iterations: usize,
    },
    /// The solver met its stopping rule.
    Converged {
        /// Iterations done.
        iterations: usize,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DampingRaised { from, to, reason } => write!(f, "damping raised from {from} to {to}: {reason}"),
            Self::FellBack { from, to, reason } => write!(f, "fell back from {from} to {to}: {reason}"),
            Self::DeadInputs { count } => write!(f, "{count} inputs are zero on all calibration tokens"),
            Self::NotConverged { iterations } => write!(f, "not converged after {iterations} iterations"),
            Self::Converged { iterations } => write!(f, "converged after {iterations} iterations"),
        }
    }
}
