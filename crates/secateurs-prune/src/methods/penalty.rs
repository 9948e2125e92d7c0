//! ALPS's rule for the penalty `rho`.

/// Iterations after which a settled support ends the search.
const SETTLE_AFTER: usize = 30;
/// The share of changes below which a support is settled.
const SETTLED: f64 = 3e-4;
const MAX_RHO: f64 = 1e6;
const MIN_RHO: f64 = 1e-9;

/// The penalty and whether it has ever grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Penalty {
    rho: f64,
    growing: bool,
}

/// The decision after a look at the support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Continue,
    /// Begins again from the dense weights with the new penalty.
    Restart,
    Stop,
}

impl Penalty {
    pub(crate) fn new(rho: f64) -> Self {
        Self { rho, growing: false }
    }

    pub(crate) fn rho(self) -> f64 {
        self.rho
    }

    /// Adapts the penalty to `n_changes` of the support since the last look, a `share` of its size.
    pub(crate) fn follow(&mut self, n_changes: usize, share: f64, iteration: usize) -> Verdict {
        let mut verdict = Verdict::Continue;
        if share > 0.1 {
            self.grow(1.3);
        } else if share > 0.005 {
            self.grow(1.2);
        } else if self.growing && n_changes == 0 {
            return Verdict::Stop;
        } else if self.growing {
            self.grow(1.1);
        } else {
            self.rho /= 5.0;
            verdict = if n_changes == 0 {
                Verdict::Continue
            } else {
                Verdict::Restart
            };
        }
        self.rho = self.rho.clamp(MIN_RHO, MAX_RHO);
        if iteration > SETTLE_AFTER && share < SETTLED {
            Verdict::Stop
        } else {
            verdict
        }
    }

    fn grow(&mut self, factor: f64) {
        self.growing = true;
        self.rho *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::{Penalty, Verdict};

    #[test]
    fn a_restless_support_raises_the_penalty() {
        let mut penalty = Penalty::new(1.0);
        assert_eq!(penalty.follow(20, 0.2, 3), Verdict::Continue);
        assert_eq!(penalty.rho(), 1.3);
        assert_eq!(penalty.follow(1, 0.01, 6), Verdict::Continue);
        assert_eq!(penalty.rho(), 1.3 * 1.2);
        assert_eq!(penalty.follow(1, 0.001, 9), Verdict::Continue);
        assert_eq!(penalty.rho(), 1.3 * 1.2 * 1.1);
        assert_eq!(penalty.follow(0, 0.0, 12), Verdict::Stop);
    }

    #[test]
    fn a_support_that_hardly_moves_at_first_starts_over() {
        let mut penalty = Penalty::new(1.0);
        assert_eq!(penalty.follow(1, 0.001, 3), Verdict::Restart);
        assert_eq!(penalty.follow(0, 0.0, 6), Verdict::Continue);
        assert!((penalty.rho() - 0.04).abs() < 1e-12);
    }

    #[test]
    fn a_settled_support_ends_the_search_after_thirty_iterations() {
        let mut penalty = Penalty::new(1.0);
        assert_eq!(penalty.follow(5, 0.006, 3), Verdict::Continue);
        assert_eq!(penalty.follow(1, 1e-4, 30), Verdict::Continue);
        assert_eq!(penalty.follow(1, 1e-4, 33), Verdict::Stop);
    }
}
