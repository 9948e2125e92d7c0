//! Selection of the weights and units that survive, in exact numbers.

pub(crate) mod bracket;
pub(crate) mod cut;
pub(crate) mod groups;
pub(crate) mod key;
pub(crate) mod scores;
pub(crate) mod threshold;
pub(crate) mod units;
pub(crate) mod weights;
