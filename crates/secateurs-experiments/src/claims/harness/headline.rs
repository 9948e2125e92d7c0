//! The chart that shows the point of a claim.

use crate::outcome::Outcome;
use crate::report::Chart;

/// Makes the first of the charts the headline, with the numbers that answer the claim's first question for its title.
pub fn show_point(charts: &mut [Chart], outcome: &Outcome) {
    if let Some(first) = charts.first_mut() {
        *first = first.clone().titled_by_answer(outcome).headline();
    }
}
