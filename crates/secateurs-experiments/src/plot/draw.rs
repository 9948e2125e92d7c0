//! The chart as SVG elements.

use maud::{Markup, html};

use super::axis::{Axis, tick_label};
use super::style::Style;
use super::{LinePlot, Point, Role, Scale, Series};
use crate::table::format_number;

/// Size of the drawing in its own units; it scales to the page.
const SIZE: (f64, f64) = (640.0, 470.0);
const LEFT: f64 = 74.0;
const RIGHT: f64 = 618.0;
const BOTTOM: f64 = 412.0;
const TITLE_BASELINE: f64 = 28.0;
const LEGEND_LINE: f64 = 21.0;
const OUTSIDE_LINE: f64 = 15.0;
/// An estimate that is generous for sans-serif letters at 13 units, because SVG cannot measure text.
const LETTER_WIDTH: f64 = 7.0;
/// At most this many data positions are ticks themselves; above, round numbers are.
const MOST_DATA_TICKS: usize = 9;

const INK: &str = "#1f2328";
const FAINT: &str = "#59636e";
const GRID: &str = "#e3e6ea";

/// The drawing's frame: where the axes lie.
struct Frame {
    top: f64,
    x: Axis,
    y: Axis,
    y_scale: Scale,
}

pub(super) fn svg(plot: &LinePlot) -> String {
    let legend = legend_positions(&plot.series);
    let legend_lines = legend.iter().map(|(_, line)| line + 1).max().unwrap_or(0);
    let legend_end = TITLE_BASELINE + 8.0 + legend_lines as f64 * LEGEND_LINE;
    let frame = frame(plot, legend_end);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (SIZE.0) " " (SIZE.1) } role="img"
            aria-label=(plot.title) font-family="system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
            font-size="13" {
            rect width=(SIZE.0) height=(SIZE.1) rx="8" fill="#ffffff" {}
            text x=(LEFT) y=(TITLE_BASELINE) font-size="16" font-weight="600" fill=(INK) { (plot.title) }
            (draw_legend(&plot.series, &legend))
            (draw_grid(plot, &frame))
            (draw_all_series(&plot.series, &frame))
        }
    }
    .into_string()
}

/// The axes below the legend and the lines of numbers that lie outside.
fn frame(plot: &LinePlot, legend_end: f64) -> Frame {
    let xs = plot
        .series
        .iter()
        .flat_map(|series| &series.points)
        .map(|point| point.x);
    let heights = |is_control: bool| {
        let chosen = plot
            .series
            .iter()
            .filter(move |series| (series.role == Role::Control) == is_control);
        chosen.flat_map(|series| series.points.iter().flat_map(ends))
    };
    let levels = plot.series.iter().filter_map(|series| series.level);
    let y = Axis::stretched(
        plot.y_scale,
        heights(false).chain(levels),
        heights(true),
        (BOTTOM, legend_end),
    );
    let x = Axis::covering(plot.x_scale, xs, (LEFT, RIGHT));
    let mut frame = Frame {
        top: legend_end,
        x,
        y,
        y_scale: plot.y_scale,
    };
    let n_outside = plot.series.iter().filter(|series| has_outside(series, &frame)).count();
    frame.top += n_outside as f64 * OUTSIDE_LINE + 8.0;
    frame.y = frame.y.ending_at(frame.top);
    frame
}

/// The point and the ends of its error bar.
fn ends(point: &Point) -> [f64; 3] {
    let (y, spread) = (point.y.unwrap_or(f64::NAN), point.spread.unwrap_or(0.0));
    [y, y - spread, y + spread]
}

/// Left edge and line of every legend entry, wrapped at the right edge.
fn legend_positions(series: &[Series]) -> Vec<(f64, usize)> {
    let (mut x, mut line) = (LEFT, 0);
    let mut place = |series: &Series| {
        let width = 52.0 + LETTER_WIDTH * series.name.chars().count() as f64;
        if x > LEFT && x + width > RIGHT + 20.0 {
            (x, line) = (LEFT, line + 1);
        }
        let position = (x, line);
        x += width;
        position
    };
    series.iter().map(&mut place).collect()
}

fn draw_legend(series: &[Series], positions: &[(f64, usize)]) -> Markup {
    html! {
        @for (series, (x, line)) in series.iter().zip(positions) {
            @let style = Style::new(series.role, series.number);
            @let y = TITLE_BASELINE + 20.0 + *line as f64 * LEGEND_LINE;
            (stroke(&format!("M{x} {y}h30"), style))
            @if series.level.is_none() { (marker(x + 15.0, y, style)) }
            text x=(number(x + 36.0)) y=(number(y + 4.5)) fill=(INK) { (series.name) }
        }
    }
}

fn draw_grid(plot: &LinePlot, frame: &Frame) -> Markup {
    let middle = number((frame.top + BOTTOM) / 2.0);
    html! {
        @for tick in frame.y.ticks() {
            @let y = frame.y.position(tick);
            path d={ "M" (number(LEFT)) " " (number(y)) "H" (number(RIGHT)) } stroke=(GRID) {}
            text x=(number(LEFT - 8.0)) y=(number(y + 4.5)) text-anchor="end" fill=(FAINT) { (tick_label(tick)) }
        }
        @for tick in x_ticks(plot, &frame.x) {
            @let x = number(frame.x.position(tick));
            path d={ "M" (x) " " (number(BOTTOM)) "v5" } stroke=(FAINT) {}
            text x=(x) y=(number(BOTTOM + 20.0)) text-anchor="middle" fill=(FAINT) { (tick_label(tick)) }
        }
        path d={ "M" (number(LEFT)) " " (number(BOTTOM)) "H" (number(RIGHT)) } stroke=(FAINT) {}
        text x=(number((LEFT + RIGHT) / 2.0)) y=(number(BOTTOM + 44.0)) text-anchor="middle" fill=(INK) { (plot.x_label) }
        text x="18" y=(middle) text-anchor="middle" fill=(INK) transform={ "rotate(-90 18 " (middle) ")" } { (plot.y_label) }
    }
}

/// The positions of the data where they are few, as sparsities are, else round numbers.
fn x_ticks(plot: &LinePlot, axis: &Axis) -> Vec<f64> {
    let mut positions: Vec<f64> = plot
        .series
        .iter()
        .flat_map(|series| &series.points)
        .map(|point| point.x)
        .collect();
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
    let (width, height) = (RIGHT - LEFT, BOTTOM - frame.top);
    let with_outside: Vec<&Series> = series.iter().filter(|series| has_outside(series, frame)).collect();
    html! {
        svg x=(LEFT) y=(number(frame.top)) width=(width) height=(number(height))
            viewBox={ (LEFT) " " (number(frame.top)) " " (width) " " (number(height)) } {
            @for series in series { (draw_line(series, frame)) }
        }
        @for series in series { (draw_points(series, frame)) }
        @for (line, series) in with_outside.iter().rev().enumerate() {
            (draw_outside(series, frame, frame.top - 9.0 - OUTSIDE_LINE * line as f64))
        }
    }
}

fn draw_line(series: &Series, frame: &Frame) -> Markup {
    let style = Style::new(series.role, series.number);
    let shown = |point: &Point| height(point, frame).is_some();
    html! {
        @if let Some(level) = series.level.filter(|level| frame.y_scale.shows(*level)) {
            (stroke(&format!("M{LEFT} {}H{RIGHT}", number(frame.y.position(level))), style))
        }
        @for stretch in series.points.chunk_by(|a, b| shown(a) == shown(b)) {
            @if stretch.len() > 1 && shown(&stretch[0]) { (stroke(&line_through(stretch, frame), style)) }
        }
    }
}

/// The vertical position of a point, `None` if the scale cannot show it.
fn height(point: &Point, frame: &Frame) -> Option<f64> {
    point.y.filter(|y| frame.y_scale.shows(*y)).map(|y| frame.y.position(y))
}

fn is_outside(point: &Point, frame: &Frame) -> bool {
    !point.y.is_some_and(|y| frame.y_scale.shows(y) && frame.y.contains(y))
}

fn has_outside(series: &Series, frame: &Frame) -> bool {
    series.points.iter().any(|point| is_outside(point, frame))
}

fn line_through(stretch: &[Point], frame: &Frame) -> String {
    let corner = |point: &Point| {
        let y = height(point, frame)?;
        Some(format!("{} {}", number(frame.x.position(point.x)), number(y)))
    };
    let corners: Vec<String> = stretch.iter().filter_map(corner).collect();
    format!("M{}", corners.join("L"))
}

fn draw_points(series: &Series, frame: &Frame) -> Markup {
    let style = Style::new(series.role, series.number);
    let inside = series.points.iter().filter(|point| !is_outside(point, frame));
    html! {
        @for (point, y) in inside.filter_map(|point| Some((point, height(point, frame)?))) {
            @let x = frame.x.position(point.x);
            (draw_spread(point, style, frame))
            g {
                title { (series.name) ": " (tick_label(point.x)) ", " (format_number(point.y.unwrap_or_default())) }
                (marker(x, y, style))
            }
        }
    }
}

fn draw_spread(point: &Point, style: Style, frame: &Frame) -> Markup {
    let [_, low, high] = ends(point);
    let inside = [low, high]
        .iter()
        .all(|end| frame.y_scale.shows(*end) && frame.y.contains(*end));
    let x = frame.x.position(point.x);
    html! {
        @if inside && point.spread.is_some() {
            path d={ "M" (number(x)) " " (number(frame.y.position(low))) "V" (number(frame.y.position(high))) }
                stroke=(style.colour()) stroke-width="1.4" {}
        }
    }
}

/// Points beyond the axis are written out above it, each series on its own line.
fn draw_outside(series: &Series, frame: &Frame, y: f64) -> Markup {
    let colour = Style::new(series.role, series.number).colour();
    html! {
        @for point in series.points.iter().filter(|point| is_outside(point, frame)) {
            @let (x, anchor) = outside_anchor(frame.x.position(point.x));
            text x=(number(x)) y=(number(y)) text-anchor=(anchor) font-size="11" fill=(colour) {
                (series.name) " " (outside_label(point, frame))
            }
        }
    }
}

/// Labels near the sides grow inwards.
fn outside_anchor(x: f64) -> (f64, &'static str) {
    match x {
        x if x < LEFT + 60.0 => (LEFT, "start"),
        x if x > RIGHT - 60.0 => (RIGHT, "end"),
        x => (x, "middle"),
    }
}

fn outside_label(point: &Point, frame: &Frame) -> String {
    match point.y {
        None => "∞".to_owned(),
        Some(y) if !frame.y_scale.shows(y) => "≤ 0".to_owned(),
        Some(y) if frame.y.position(y) > BOTTOM => format!("↓ {}", format_number(y)),
        Some(y) => format!("↑ {}", format_number(y)),
    }
}

fn stroke(path: &str, style: Style) -> Markup {
    html! {
        path d=(path) fill="none" stroke=(style.colour()) stroke-width=(style.line_width())
            stroke-dasharray=(style.dashes()) stroke-linejoin="round" stroke-linecap="round" {}
    }
}

fn marker(x: f64, y: f64, style: Style) -> Markup {
    html! { path d=(style.marker(x, y)) fill=(style.fill()) stroke=(style.colour()) stroke-width="1.8" {} }
}

/// A coordinate: one decimal is finer than any screen shows.
fn number(value: f64) -> String {
    format!("{value:.1}")
}
