//! Points beyond the axis, which are written out above it.

use maud::{Markup, html};

use super::{Point, Series};
use crate::frame::{FRAME_BOTTOM, FRAME_LEFT, FRAME_RIGHT, Frame};
use crate::number::{coordinate, format_number};
use crate::text::make_printable;

pub(super) fn is_outside(point: &Point, frame: &Frame) -> bool {
    !point.y.is_some_and(|y| frame.y.contains(y))
}

pub(super) fn has_outside(series: &Series, frame: &Frame) -> bool {
    series.points.iter().any(|point| is_outside(point, frame))
}

/// Series with points outside.
pub(super) fn n_outside(series: &[Series], frame: &Frame) -> usize {
    series.iter().filter(|series| has_outside(series, frame)).count()
}

/// The points outside, on a line of their own at height `y`.
pub(super) fn draw_outside(series: &Series, frame: &Frame, y: f64) -> Markup {
    let colour = series.stroke().colour;
    html! {
        @for point in series.points.iter().filter(|point| is_outside(point, frame)) {
            @let (x, anchor) = anchor(frame.x.position(point.x));
            text x=(coordinate(x)) y=(coordinate(y)) text-anchor=(anchor) font-size="11" fill=(colour) {
                (make_printable(&series.name)) " " (label(point, frame))
            }
        }
    }
}

/// Labels near the sides grow inwards.
fn anchor(x: f64) -> (f64, &'static str) {
    match x {
        x if x < FRAME_LEFT + 60.0 => (FRAME_LEFT, "start"),
        x if x > FRAME_RIGHT - 60.0 => (FRAME_RIGHT, "end"),
        x => (x, "middle"),
    }
}

fn label(point: &Point, frame: &Frame) -> String {
    match point.y {
        None => "∞".to_owned(),
        Some(y) if !frame.y.scale().shows(y) => "≤ 0".to_owned(),
        Some(y) if frame.y.position(y) > FRAME_BOTTOM => format!("↓ {}", format_number(y)),
        Some(y) => format!("↑ {}", format_number(y)),
    }
}
