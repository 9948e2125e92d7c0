//! Places of labels that never overlap.

mod ends;
mod rows;
mod spread;

pub(crate) use ends::{End, EndLabel, LABEL_HEIGHT, LEADER, place_ends};
pub(crate) use rows::{RowItem, place_in_rows};
pub use spread::{Span, spread_apart};
