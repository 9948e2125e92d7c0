//! Curves beyond the axis, which are named once where they leave it.

use maud::{Markup, html};

use super::{LinePlot, Point, Series};
use crate::axis::Axis;
use crate::labels::{RowItem, place_in_rows};
use crate::look::Look;
use crate::number::{coordinate, format_number};
use crate::page::{CHART_WIDTH, MARGIN};
use crate::palette::FAINT;
use crate::place::Place;
use crate::text::{estimate_width, fit, make_printable};

/// Height of a row of names above the grid.
pub(super) const OUTSIDE_LINE: f64 = 17.0;
/// Numbers that are listed one by one; of more the greatest is told.
const MOST_LISTED: usize = 2;
/// Width of the marker before a name.
const SAMPLE: f64 = 14.0;
/// Names are a little smaller than those at the ends.
const SIZE: f64 = 12.0 / 13.0;

/// A curve that leaves the axis, with its numbers there.
pub(super) struct Leaver {
    curve: usize,
    text: String,
}

impl Leaver {
    fn width(&self) -> f64 {
        SAMPLE + SIZE * estimate_width(&self.text)
    }
}

pub(super) fn is_outside(point: &Point, y: &Axis) -> bool {
    !point.y.is_some_and(|value| y.contains(value))
}

/// The curves that leave a vertical axis.
pub(super) fn find_leavers(plot: &LinePlot, y: &Axis) -> Vec<Leaver> {
    let leaver = |(curve, series): (usize, &Series)| {
        let numbers = tell_numbers(series, y)?;
        let name = make_printable(&series.name);
        let text = fit(
            &format!("{name} {numbers}"),
            (CHART_WIDTH - 2.0 * MARGIN) / SIZE - SAMPLE,
        );
        Some(Leaver { curve, text })
    };
    plot.series.iter().enumerate().filter_map(leaver).collect()
}

/// Places of the names above the points where the curves leave.
pub(super) fn place_leavers(leavers: &[Leaver], plot: &LinePlot, axes: [&Axis; 2]) -> Vec<RowItem> {
    let item = |leaver: &Leaver| RowItem {
        x: find_exit(&plot.series[leaver.curve], axes),
        width: leaver.width(),
        row: 0,
    };
    place_in_rows(
        &leavers.iter().map(item).collect::<Vec<_>>(),
        MARGIN,
        CHART_WIDTH - MARGIN,
    )
}

/// Names with their markers, in rows above `top`.
pub(super) fn draw_leavers(leavers: &[Leaver], items: &[RowItem], looks: &[Look], top: f64) -> Markup {
    html! {
        @for (leaver, item) in leavers.iter().zip(items) {
            @let left = item.x - item.width / 2.0;
            @let y = top - 10.0 - OUTSIDE_LINE * item.row as f64;
            @let look = looks[leaver.curve];
            g class="outside" {
                @if look.has_marker { (look.draw_marker(Place::new(left + 5.0, y))) }
                @else { (look.stroke().draw(&format!("M{} {}h10", coordinate(left), coordinate(y)))) }
                text x=(coordinate(left + SAMPLE)) y=(coordinate(y + 4.0)) font-size="12" fill=(FAINT) { (leaver.text) }
            }
        }
    }
}

/// The place at which a curve crosses the edge of the vertical axis for the first time.
fn find_exit(series: &Series, [x, y]: [&Axis; 2]) -> f64 {
    let Some(at) = series.points.iter().position(|point| is_outside(point, y)) else {
        // A line across the whole chart leaves it everywhere.
        return CHART_WIDTH;
    };
    let outside = series.points[at];
    let own = x.position(outside.x);
    let before = at.checked_sub(1).map(|before| series.points[before]);
    let shown = |point: Point| {
        point
            .y
            .filter(|value| y.scale().shows(*value))
            .map(|value| y.position(value))
    };
    match (before.and_then(shown), shown(outside)) {
        (Some(from), Some(to)) => {
            let start = before.map_or(own, |point| x.position(point.x));
            let edge = y.nearest_end(to);
            start + (own - start) * ((edge - from) / (to - from)).clamp(0.0, 1.0)
        }
        _ => own,
    }
}

fn tell_numbers(series: &Series, y: &Axis) -> Option<String> {
    let level = series.level.filter(|level| !y.contains(*level)).map(Some);
    let points = series
        .points
        .iter()
        .filter(|point| is_outside(point, y))
        .map(|point| point.y);
    let values: Vec<Option<f64>> = level.into_iter().chain(points).collect();
    let told = |values: &[Option<f64>]| {
        values
            .iter()
            .map(|value| tell_value(*value, y))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match values.len() {
        0 => None,
        few if few <= MOST_LISTED => Some(told(&values)),
        _ => {
            let highest = values
                .iter()
                .map(|value| value.unwrap_or(f64::INFINITY))
                .fold(f64::NEG_INFINITY, f64::max);
            Some(format!(
                "up to {}",
                tell_value(Some(highest).filter(|value| value.is_finite()), y)
            ))
        }
    }
}

fn tell_value(value: Option<f64>, y: &Axis) -> String {
    match value {
        None => "∞".to_owned(),
        Some(value) if !y.scale().shows(value) && value <= 0.0 => "≤ 0".to_owned(),
        Some(value) if y.is_below(value) => format!("↓ {}", format_number(value)),
        Some(value) => format!("↑ {}", format_number(value)),
    }
}
