//! Views of outcomes: tables for the terminal and the page, charts, and one page over all claims.

mod chart;
mod claim;
mod headline;
mod page;
mod section;
mod table;
mod verdicts;
mod words;

pub use crate::outcome::format_row_value;
pub use chart::{Chart, charts_along, plot_group};
pub use page::{AxesOf, write_report};
pub use table::{Table, pivots, pivots_along};
