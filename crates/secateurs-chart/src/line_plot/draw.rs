//! A line chart as SVG elements.

use maud::{Markup, html};

use super::outside::{draw_outside, has_outside, is_outside, n_outside};
use super::{LinePlot, Point, Series};
use crate::axis::{Axis, Ends, Room};
use crate::frame::{AxisNames, FRAME_BOTTOM, FRAME_LEFT, FRAME_RIGHT, Frame};
use crate::legend::{Legend, LegendEntry};
use crate::number::{coordinate, format_number};
use crate::page::Page;
use crate::palette::FAINT;
use crate::place::draw_polyline;
use crate::stroke::{Role, Stroke};
use crate::text::make_printable;

pub(super) const OUTSIDE_LINE: f64 = 15.0;
/// At most this many data positions are ticks themselves; above, round numbers are.
const MOST_DATA_TICKS: usize = 9;

pub(super) fn draw(plot: &LinePlot) -> String {
    let legend = Legend::new(plot.series.iter().map(legend_entry).collect());
    let frame = frame(plot, legend.bottom());
    let names = AxisNames {
        x: &plot.x_label,
        y: &plot.y_label,
    };
    Page::chart(&plot.title).draw(html! {
        (legend.draw())
        (frame.grid(&names, &x_ticks(plot, &frame.x)))
        (draw_all_series(&plot.series, &frame))
        (draw_bars_note(plot))
    })
}

fn legend_entry(series: &Series) -> LegendEntry {
    LegendEntry {
        name: series.name.clone(),
        stroke: series.stroke(),
        marker: series.level.is_none().then(|| series.marker()),
    }
}

/// The axes below the legend and the lines of numbers that lie outside.
fn frame(plot: &LinePlot, legend_bottom: f64) -> Frame {
    let heights = |is_control: bool| {
        let chosen = plot.series.iter();
        let chosen = chosen.filter(move |series| (series.role == Role::Control) == is_control);
        chosen.flat_map(|series| series.points.iter().flat_map(ends))
    };
    let levels = plot.series.iter().filter_map(|series| series.level);
    let own = heights(false).chain(levels);
    let y_ends = Ends::new(FRAME_BOTTOM, legend_bottom);
    let x_ends = Ends::new(FRAME_LEFT, FRAME_RIGHT);
    let xs = plot.points().map(|point| point.x);
    let frame = Frame {
        x: Axis::covering(plot.x_scale, xs, Room::even(0.06), x_ends),
        y: Axis::stretch(plot.y_scale, own, heights(true), y_ends),
        top: legend_bottom,
    };
    let top = legend_bottom + n_outside(&plot.series, &frame) as f64 * OUTSIDE_LINE + 8.0;
    Frame {
        y: frame.y.ending_at(top),
        top,
        ..frame
    }
}

/// The point and the ends of its error bar.
fn ends(point: &Point) -> [f64; 3] {
    let (y, spread) = (point.y.unwrap_or(f64::NAN), point.spread.unwrap_or(0.0));
    [y, y - spread, y + spread]
}

/// The positions of the data where they are few, as sparsities are, else round numbers.
fn x_ticks(plot: &LinePlot, axis: &Axis) -> Vec<f64> {
    let mut positions: Vec<f64> = plot.points().map(|point| point.x).collect();
    positions.sort_by(f64::total_cmp);
    positions.dedup();
    if (1..=MOST_DATA_TICKS).contains(&positions.len()) {
        positions
    } else {
        axis.ticks()
    }
}

/// Lines are cut at the plot's edges by a nested drawing, which needs no named clip path: names would collide where
/// one page holds several charts.
fn draw_all_series(series: &[Series], frame: &Frame) -> Markup {
    let (width, height) = (FRAME_RIGHT - FRAME_LEFT, FRAME_BOTTOM - frame.top);
    let top = coordinate(frame.top);
    let with_outside: Vec<&Series> = series.iter().filter(|series| has_outside(series, frame)).collect();
    html! {
        svg x=(FRAME_LEFT) y=(top) width=(width) height=(coordinate(height))
            viewBox={ (FRAME_LEFT) " " (top) " " (width) " " (coordinate(height)) } {
            @for series in series { (draw_line(series, frame)) }
        }
        @for series in series { (draw_points(series, frame)) }
        @for (line, series) in with_outside.iter().rev().enumerate() {
            (draw_outside(series, frame, frame.top - 9.0 - OUTSIDE_LINE * line as f64))
        }
    }
}

fn draw_line(series: &Series, frame: &Frame) -> Markup {
    let stroke = series.stroke();
    let scale = frame.y.scale();
    let is_shown = |point: &Point| point.y.is_some_and(|y| scale.shows(y));
    let through = |stretch: &[Point]| {
        let places = stretch.iter().filter_map(|point| Some(frame.place(point.x, point.y?)));
        draw_polyline(places)
    };
    html! {
        @if let Some(level) = series.level.filter(|level| scale.shows(*level)) {
            (stroke.draw(&format!("M{FRAME_LEFT} {}H{FRAME_RIGHT}", coordinate(frame.y.position(level)))))
        }
        @for stretch in series.points.chunk_by(|a, b| is_shown(a) == is_shown(b)) {
            @if stretch.len() > 1 && is_shown(&stretch[0]) { (stroke.draw(&through(stretch))) }
        }
    }
}

fn draw_points(series: &Series, frame: &Frame) -> Markup {
    let inside = series.points.iter().filter(|point| !is_outside(point, frame));
    html! {
        @for (point, y) in inside.filter_map(|point| Some((point, point.y?))) {
            (draw_bar(point, series.stroke(), frame))
            g {
                title { (make_printable(&series.name)) ": " (format_number(point.x)) ", " (format_number(y)) }
                (series.marker().draw(frame.place(point.x, y)))
            }
        }
    }
}

fn draw_bar(point: &Point, stroke: Stroke, frame: &Frame) -> Markup {
    let [_, low, high] = ends(point);
    let is_inside = frame.y.contains(low) && frame.y.contains(high);
    let x = coordinate(frame.x.position(point.x));
    let at = |value: f64| coordinate(frame.y.position(value));
    html! {
        @if is_inside && point.spread.is_some() {
            path d={ "M" (x) " " (at(low)) "V" (at(high)) } stroke=(stroke.colour) stroke-width="1.4" {}
        }
    }
}

fn draw_bars_note(plot: &LinePlot) -> Markup {
    let has_bars = plot.points().any(|point| point.spread.is_some());
    html! {
        @if has_bars && !plot.bars.is_empty() {
            text x=(FRAME_RIGHT) y=(coordinate(FRAME_BOTTOM + 44.0)) text-anchor="end" font-size="11" fill=(FAINT) {
                "bars: " (make_printable(&plot.bars))
            }
        }
    }
}
