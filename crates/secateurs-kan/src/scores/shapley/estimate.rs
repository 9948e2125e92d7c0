//! An estimate of Shapley values.

/// Shapley values of the players of a game.
pub(super) struct Estimate {
    /// `[players][payoffs]`
    pub(super) values: Vec<Vec<f64>>,
    /// One for each player, averaged over payoffs.
    pub(super) standard_errors: Vec<f64>,
    /// Coalitions that were evaluated.
    pub(super) n_coalitions: usize,
}
