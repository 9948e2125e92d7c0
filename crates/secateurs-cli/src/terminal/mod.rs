//! The terminal: everything that the program shows, and the way it ends.

pub(crate) mod bar;
pub(crate) mod cost;
pub(crate) mod interrupt;
pub(crate) mod layer_names;
pub(crate) mod print;
pub(crate) mod screen;
pub(crate) mod table;
pub(crate) mod units;
pub(crate) mod usage_line;
