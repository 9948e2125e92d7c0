//! The grid between two axes.

use maud::{Markup, html};

use crate::axis::Axis;
use crate::number::{coordinate, format_ticks};
use crate::page::{CHART_WIDTH, MARGIN};
use crate::palette::{FAINT, GRID, INK};
use crate::place::{Area, Place};
use crate::text::{estimate_width, fit, make_printable, wrap};

/// Height that the ticks and the name of a horizontal axis take below the grid.
pub const BELOW_FRAME: f64 = 48.0;
/// Height that the name of a vertical axis takes above the grid.
pub const ABOVE_FRAME: f64 = 26.0;
/// Labels of ticks are smaller than names.
const TICK_SIZE: f64 = 12.0 / 13.0;
const TICK_GAP: f64 = 8.0;
const NAME_LINE: f64 = 16.0;

/// Two axes and the area between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Edges of the grid.
    pub area: Area,
    /// Baseline of the vertical axis' name, above the grid.
    pub name_at: f64,
}

/// Names of two axes, with their units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisNames<'a> {
    /// Name of the horizontal axis.
    pub x: &'a str,
    /// Name of the vertical axis.
    pub y: &'a str,
}

impl Frame {
    /// Places two axes in an area, whose left part holds the labels of the vertical ticks.
    pub fn new(x: Axis, y: Axis, outer: Area) -> Self {
        let labels = format_ticks(&y.ticks());
        let widest = labels.iter().map(|label| estimate_width(label)).fold(0.0, f64::max);
        let area = Area {
            left: outer.left + widest * TICK_SIZE + TICK_GAP,
            ..outer
        };
        Self {
            x: x.between(area.left, area.right),
            y: y.between(area.bottom, area.top),
            area,
            name_at: area.top - 12.0,
        }
    }

    /// Moves everything down.
    pub(crate) fn move_down(&mut self, by: f64) {
        self.area.top += by;
        self.area.bottom += by;
        self.name_at += by;
        self.y = self.y.clone().between(self.area.bottom, self.area.top);
    }

    /// Place of a pair of numbers.
    pub fn place(&self, x: f64, y: f64) -> Place {
        Place::new(self.x.position(x), self.y.position(y))
    }

    /// Lines at the ticks of the vertical axis, `x_ticks` along the horizontal one, and the names of both: of the vertical one above
    /// the grid, where it can be read without turning the head.
    pub fn grid(&self, names: &AxisNames<'_>, x_ticks: &[f64]) -> Markup {
        let Area {
            left, right, bottom, ..
        } = self.area;
        let y_ticks = self.y.ticks();
        html! {
            @for (tick, label) in y_ticks.iter().zip(format_ticks(&y_ticks)) {
                @let at = self.y.position(*tick);
                path d={ "M" (coordinate(left)) " " (coordinate(at)) "H" (coordinate(right)) } stroke=(GRID) {}
                text x=(coordinate(left - TICK_GAP)) y=(coordinate(at + 4.2)) text-anchor="end" font-size="12" fill=(FAINT) { (label) }
            }
            path d={ "M" (coordinate(left)) " " (coordinate(bottom)) "H" (coordinate(right)) } stroke=(FAINT) {}
            (draw_x_ticks(&self.x, x_ticks, bottom))
            (draw_x_name(names.x, &self.area))
            text x=(MARGIN) y=(coordinate(self.name_at)) fill=(INK) { (fit(&make_printable(names.y), CHART_WIDTH - 2.0 * MARGIN)) }
        }
    }
}

/// Marks and labels below an axis; a label that would touch the one before is left out.
pub(crate) fn draw_x_ticks(axis: &Axis, ticks: &[f64], bottom: f64) -> Markup {
    let mut free = f64::NEG_INFINITY;
    let mut shows = |at: f64, label: &str| {
        let half = estimate_width(label) * TICK_SIZE / 2.0;
        let is_free = at - half >= free;
        if is_free {
            free = at + half + 3.0;
        }
        is_free
    };
    html! {
        @for (tick, label) in ticks.iter().zip(format_ticks(ticks)) {
            @let at = axis.position(*tick);
            path d={ "M" (coordinate(at)) " " (coordinate(bottom)) "v5" } stroke=(FAINT) {}
            @if shows(at, &label) {
                text x=(coordinate(at)) y=(coordinate(bottom + 19.0)) text-anchor="middle" font-size="12" fill=(FAINT) { (label) }
            }
        }
    }
}

/// The name of a horizontal axis below the middle of the area, moved inwards where it would leave the sheet, in lines if it is long.
pub(crate) fn draw_x_name(name: &str, area: &Area) -> Markup {
    let lines = wrap_name(name);
    let half = lines.iter().map(|line| estimate_width(line)).fold(0.0, f64::max) / 2.0;
    let middle = ((area.left + area.right) / 2.0)
        .min(CHART_WIDTH - MARGIN - half)
        .max(MARGIN + half);
    html! {
        @for (number, line) in lines.iter().enumerate() {
            @let baseline = area.bottom + 39.0 + NAME_LINE * number as f64;
            text x=(coordinate(middle)) y=(coordinate(baseline)) text-anchor="middle" fill=(INK) { (line) }
        }
    }
}

/// Height of the lines of a horizontal axis' name beyond the first.
pub(crate) fn wrapped_height(name: &str) -> f64 {
    NAME_LINE * (wrap_name(name).len() - 1) as f64
}

fn wrap_name(name: &str) -> Vec<String> {
    wrap(&make_printable(name), CHART_WIDTH - 2.0 * MARGIN)
}
