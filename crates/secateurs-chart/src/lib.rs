#![doc = include_str!("../README.md")]

mod axis;
mod bar_plot;
mod frame;
mod labels;
mod legend;
mod line_plot;
mod look;
mod number;
mod page;
mod palette;
mod place;
mod range;
mod text;
mod ticks;

pub use axis::{Axis, Room, Scale};
pub use bar_plot::{Bar, BarPlot, Mark};
pub use frame::{ABOVE_FRAME, AxisNames, BELOW_FRAME, Frame};
pub use labels::{Span, spread_apart};
pub use legend::{Legend, LegendEntry};
pub use line_plot::{LinePlot, Point, Series};
pub use look::{Role, Stroke};
pub use number::{
    coordinate, format_decimals, format_number, format_ticks, format_with_spread, opacity, significant_decimals,
};
pub use page::{CHART_WIDTH, MARGIN, Page, least_width};
pub use palette::{ACCENT, FAINT, GRID, INK, OUTLINE, PALETTE, PAPER, colour, ramp};
pub use place::{Area, Place, draw_polyline};
pub use text::{estimate_width, fit, make_printable, shorten, wrap};
