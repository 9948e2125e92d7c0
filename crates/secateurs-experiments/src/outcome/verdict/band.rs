//! Bounds of a number.

use std::fmt;

use secateurs_chart::format_number;
use serde::{Deserialize, Serialize};

/// The numbers that a question expects, bounds included: at least, at most, or between.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The lower bound.
    pub at_least: Option<f64>,
    /// The upper bound.
    pub at_most: Option<f64>,
}

impl Band {
    /// The distance of a number from the nearer bound, negative outside of the band.
    pub fn margin(self, value: f64) -> f64 {
        let above = self.at_least.map_or(f64::INFINITY, |bound| value - bound);
        let below = self.at_most.map_or(f64::INFINITY, |bound| bound - value);
        above.min(below)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.at_least, self.at_most) {
            (Some(low), Some(high)) if low == high => write!(formatter, "exactly {}", format_number(low)),
            (Some(low), Some(high)) => write!(formatter, "{} to {}", format_number(low), format_number(high)),
            (Some(low), None) => write!(formatter, "at least {}", format_number(low)),
            (None, Some(high)) => write!(formatter, "at most {}", format_number(high)),
            (None, None) => formatter.write_str("any number"),
        }
    }
}
