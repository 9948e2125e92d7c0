//! Validation losses of a task, each with a budget of its own.

/// One loss for each part of a task.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Losses(pub(super) Vec<f64>);

impl Losses {
    /// Infinite losses, for a network that must not be taken.
    pub(super) fn infinite() -> Self {
        Self(vec![f64::INFINITY])
    }

    pub(super) fn are_finite(&self) -> bool {
        self.0.iter().all(|loss| loss.is_finite())
    }

    /// The limit of each loss.
    pub(super) fn limits(&self, budget: f64) -> Self {
        Self(self.0.iter().map(|loss| loss * (1.0 + budget)).collect())
    }

    /// The lesser of each pair of losses.
    pub(super) fn least(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(a, b)| a.min(*b)).collect())
    }

    /// The loss that is greatest relative to its limit, and that limit. Without limits for each, the first of both.
    pub(super) fn worst(&self, limits: &Self) -> (f64, f64) {
        let pairs = self.0.iter().copied().zip(limits.0.iter().copied());
        let worse = |a: (f64, f64), b: (f64, f64)| if excess(b.0, b.1) > excess(a.0, a.1) { b } else { a };
        pairs.reduce(worse).unwrap_or((0.0, 0.0))
    }

    /// The greatest ratio of a loss to its limit.
    pub(super) fn excess(&self, limits: &Self) -> f64 {
        let (loss, limit) = self.worst(limits);
        excess(loss, limit)
    }
}

/// The ratio of a loss to its limit: 0 for a loss of 0, infinite for another loss whose limit is 0, and for NaN.
fn excess(loss: f64, limit: f64) -> f64 {
    if loss == 0.0 {
        0.0
    } else if loss.is_nan() {
        f64::INFINITY
    } else {
        loss / limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_loss_is_worst_beside_its_limit() {
        let tiny = 2f64.powi(-27);
        let limits = Losses(vec![4.0, tiny]).limits(0.5);
        assert_eq!(limits.0, [6.0, 1.5 * tiny]);
        assert_eq!(Losses(vec![5.0, tiny]).worst(&limits), (5.0, 6.0));
        assert_eq!(Losses(vec![1.0, 3.0 * tiny]).worst(&limits), (3.0 * tiny, 1.5 * tiny));
        assert_eq!(Losses(vec![1.0, 3.0 * tiny]).excess(&limits), 2.0);
        assert_eq!(Losses::infinite().excess(&limits), f64::INFINITY);
        let none = Losses(vec![0.0]);
        assert_eq!(
            (none.excess(&none), Losses(vec![1e-9]).excess(&none)),
            (0.0, f64::INFINITY)
        );
    }
}
