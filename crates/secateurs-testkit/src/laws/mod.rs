//! Laws that every implementation must obey; each function panics at the first violation.

mod masks;
mod numbers;
mod units;
mod weights;

pub use masks::{keeps_per_group, prunes_exactly, prunes_lowest_first, zeros_are_positive};
pub use numbers::{close, symmetric};
pub use units::{ChosenUnits, scores_units, selects_units};
pub use weights::{Evidence, WeightScore, scores_weights};
