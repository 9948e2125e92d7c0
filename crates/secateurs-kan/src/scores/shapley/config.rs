//! The game whose Shapley values are computed, and the method of computing them.

/// Largest number of players whose Shapley values are computed exactly.
pub const MOST_EXACT: usize = 12;

/// The method of computing Shapley values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Sampling {
    /// Exact for up to [`MOST_EXACT`] nodes, with `2 * ceil(max(32, 4 n) / 2)` permutations from seed 0 for more.
    #[default]
    Auto,
    /// All `2^n` coalitions.
    Exact,
    /// Random orders of the nodes, each walked forwards and backwards.
    Antithetic {
        /// Number of orders; twice as many permutations are walked.
        pairs: usize,
        /// Seed of the orders: equal seeds give equal orders.
        seed: u64,
    },
    /// Random orders of the nodes, each walked forwards only; a control for the pairs.
    Plain {
        /// Number of orders.
        permutations: usize,
        /// Seed of the orders: equal seeds give equal orders.
        seed: u64,
    },
}

/// Settings of Shapley values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ShapleyConfig<'a> {
    /// Contribution of an absent node.
    pub baseline: Baseline,
    /// Worth of a coalition.
    pub payoff: Payoff<'a>,
    /// Method of computing the values.
    pub sampling: Sampling,
}

/// Contribution of an absent node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Baseline {
    /// The means of its outgoing edges. Scores do not change if a constant moves from one edge of a sum to another.
    #[default]
    Mean,
    /// Zero.
    Zero,
}

impl Baseline {
    /// Contribution of an absent node to each sum, from the values of its edges, `[rows, n_subnodes]`.
    pub(super) fn values(self, edges: &[f64], n_subnodes: usize) -> Vec<f64> {
        let rows = edges.len() / n_subnodes;
        let mean = |s: usize| edges.iter().skip(s).step_by(n_subnodes).sum::<f64>() / rows as f64;
        match self {
            Self::Zero => vec![0.0; n_subnodes],
            Self::Mean => (0..n_subnodes).map(mean).collect(),
        }
    }
}

/// Worth of a coalition of nodes; outputs are divided by their [scales](crate::Scales) so that each counts the same.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Payoff<'a> {
    /// The scaled outputs, for each row separately; a node's score is the mean absolute Shapley value over rows and
    /// outputs.
    #[default]
    PerSample,
    /// The mean of each scaled output over the rows; the score is the mean absolute value over outputs. A node whose
    /// contribution averages to zero has none.
    MeanOutput,
    /// The negative mean squared error of scaled outputs from these targets, `[rows, d_output]`, which are scaled, too;
    /// the score is the Shapley value itself.
    NegativeLoss(&'a [f64]),
}
