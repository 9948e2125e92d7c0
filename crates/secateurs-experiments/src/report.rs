//! Views of outcomes: tables for the terminal and the page, charts, and one page over all claims.

mod chart;
mod claim;
mod headline;
mod number;
mod page;
mod section;
mod table;
mod verdicts;
mod words;

pub use chart::{Chart, charts_along, plot_group};
pub use number::format_row_value;
pub use page::{AxesOf, write_report};
pub use table::{Table, pivots, pivots_along};
