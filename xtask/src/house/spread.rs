//! The middle and the end of a list of counts.

use serde_json::{Value, json};

/// Median, 90th percentile and maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    median: usize,
    p90: usize,
    max: usize,
}

impl Spread {
    /// The spread of some counts; zeros if there are none.
    pub fn of(counts: &[usize]) -> Self {
        let mut sorted = counts.to_vec();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied();
        let [median, p90, max] = [50, 90, 100].map(|percent| at(percent).unwrap_or(0));
        Self { median, p90, max }
    }

    pub fn to_json(self) -> Value {
        json!({ "median": self.median, "p90": self.p90, "max": self.max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_members() {
        let counts: Vec<usize> = (1..=11).rev().collect();
        let spread = Spread {
            median: 6,
            p90: 10,
            max: 11,
        };
        assert_eq!(Spread::of(&counts), spread);
        assert_eq!(Spread::of(&[]).max, 0);
    }
}
