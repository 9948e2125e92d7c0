//! An estimate of Shapley values.

/// Shapley values of the players of a game.
pub(super) struct Estimate {
    /// Values, `[players][payoffs]`.
    pub(super) values: Vec<Vec<f64>>,
    /// Standard errors, one for each player, averaged over payoffs.
    pub(super) standard_errors: Vec<f64>,
    /// Number of coalitions that were evaluated.
    pub(super) n_coalitions: usize,
}
