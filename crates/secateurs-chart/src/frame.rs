//! The grid between two axes.

use maud::{Markup, html};

use crate::axis::Axis;
use crate::number::{coordinate, format_ticks};
use crate::palette::{FAINT, GRID, INK};
use crate::place::Place;
use crate::text::make_printable;

/// Left edge of a chart's grid.
pub const FRAME_LEFT: f64 = 74.0;
/// Right edge of a chart's grid.
pub const FRAME_RIGHT: f64 = 618.0;
/// Lower edge of a chart's grid, where its horizontal axis is.
pub const FRAME_BOTTOM: f64 = 412.0;

/// Two axes on a sheet of a chart's size ([`Page::chart`](crate::Page::chart)).
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The horizontal axis, from [`FRAME_LEFT`] to [`FRAME_RIGHT`].
    pub x: Axis,
    /// The vertical axis, from [`FRAME_BOTTOM`] up.
    pub y: Axis,
    /// Upper edge.
    pub top: f64,
}

/// Names of two axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisNames<'a> {
    /// Name of the horizontal axis.
    pub x: &'a str,
    /// Name of the vertical axis.
    pub y: &'a str,
}

impl Frame {
    /// Place of a pair of numbers.
    pub fn place(&self, x: f64, y: f64) -> Place {
        Place::new(self.x.position(x), self.y.position(y))
    }

    /// Lines at the ticks of the vertical axis, `x_ticks` along the horizontal one, and the names of both.
    pub fn grid(&self, names: &AxisNames<'_>, x_ticks: &[f64]) -> Markup {
        let y_ticks = self.y.ticks();
        html! {
            @for (tick, label) in y_ticks.iter().zip(format_ticks(&y_ticks)) { (y_tick(self.y.position(*tick), &label)) }
            @for (tick, label) in x_ticks.iter().zip(format_ticks(x_ticks)) { (x_tick(self.x.position(*tick), &label)) }
            path d={ "M" (FRAME_LEFT) " " (FRAME_BOTTOM) "H" (FRAME_RIGHT) } stroke=(FAINT) {}
            (self.names(names))
        }
    }

    fn names(&self, names: &AxisNames<'_>) -> Markup {
        let middle = coordinate((self.top + FRAME_BOTTOM) / 2.0);
        html! {
            text x=(coordinate((FRAME_LEFT + FRAME_RIGHT) / 2.0)) y=(coordinate(FRAME_BOTTOM + 44.0)) text-anchor="middle"
                fill=(INK) { (make_printable(names.x)) }
            text x="18" y=(middle) text-anchor="middle" fill=(INK) transform={ "rotate(-90 18 " (middle) ")" } {
                (make_printable(names.y))
            }
        }
    }
}

fn y_tick(at: f64, label: &str) -> Markup {
    html! {
        path d={ "M" (FRAME_LEFT) " " (coordinate(at)) "H" (FRAME_RIGHT) } stroke=(GRID) {}
        text x=(coordinate(FRAME_LEFT - 8.0)) y=(coordinate(at + 4.5)) text-anchor="end" fill=(FAINT) { (label) }
    }
}

fn x_tick(at: f64, label: &str) -> Markup {
    let at = coordinate(at);
    html! {
        path d={ "M" (at) " " (FRAME_BOTTOM) "v5" } stroke=(FAINT) {}
        text x=(at) y=(coordinate(FRAME_BOTTOM + 20.0)) text-anchor="middle" fill=(FAINT) { (label) }
    }
}
