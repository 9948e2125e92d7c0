#![doc = include_str!("../README.md")]

mod axis;
mod frame;
mod legend;
mod line_plot;
mod number;
mod page;
mod palette;
mod place;
mod stroke;
mod text;
mod ticks;

pub use axis::{Axis, Ends, Room, Scale};
pub use frame::{AxisNames, FRAME_BOTTOM, FRAME_LEFT, FRAME_RIGHT, Frame};
pub use legend::{Legend, LegendEntry};
pub use line_plot::{LinePlot, Point, Series};
pub use number::{coordinate, format_decimals, format_number, format_ticks, significant_decimals};
pub use page::Page;
pub use palette::{FAINT, GRID, INK, PALETTE, PAPER, colour};
pub use place::{Place, draw_polyline};
pub use stroke::{Marker, Role, Stroke};
pub use text::{estimate_width, make_printable, shorten};
