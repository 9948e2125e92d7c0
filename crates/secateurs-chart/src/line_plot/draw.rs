//! A line chart as SVG elements.

use maud::{Markup, html};

use super::outside::{OUTSIDE_LINE, draw_leavers, find_leavers, is_outside, place_leavers};
use super::{LinePlot, Point, Series};
use crate::axis::{Axis, Room};
use crate::frame::{ABOVE_FRAME, AxisNames, BELOW_FRAME, Frame, wrapped_height};
use crate::labels::{End, EndLabel, LABEL_HEIGHT, LEADER, place_ends};
use crate::look::{Look, Role, tell_apart};
use crate::number::{coordinate, format_number};
use crate::page::{CHART_WIDTH, MARGIN, NOTE_HEIGHT, Page, draw_note};
use crate::place::{Area, Place, draw_polyline};
use crate::range::leave_out_the_far;
use crate::text::make_printable;

/// Height of the grid, unless there are more labels than fit beside it.
const LEAST_HEIGHT: f64 = 300.0;
const MOST_HEIGHT: f64 = 430.0;
/// The labels take at most this width of the sheet.
const MOST_LABEL_WIDTH: f64 = 190.0;
/// Number of data positions up to which they are ticks themselves; above, round numbers are.
const MOST_DATA_TICKS: usize = 9;
/// Curves of more points have markers at some of them only, because markers would cover each other.
const MOST_MARKERS: usize = 12;
const FAR: f64 = 1e5;

pub(super) fn draw(plot: &LinePlot) -> String {
    let page = Page::new(&plot.title, CHART_WIDTH).description(&describe(plot));
    let looks = tell_apart(&plot.series.iter().map(Series::look).collect::<Vec<_>>());
    let y = choose_axis(plot);
    let leavers = find_leavers(plot, &y);
    let height = (plot.series.len() as f64 * LABEL_HEIGHT).clamp(LEAST_HEIGHT, MOST_HEIGHT);
    // Widths of labels depend on heights alone, so that they can be placed before the grid has its edges.
    let ends = find_ends(plot, &looks, &y.clone().between(height, 0.0));
    let labels = place_ends(ends, height, MOST_LABEL_WIDTH);
    let label_width = labels.iter().map(EndLabel::width).fold(0.0, f64::max);
    let x = Axis::covering(plot.x_scale, plot.points().map(|point| point.x), Room::even(0.04));
    let mut frame = Frame::new(
        x,
        y,
        Area {
            left: MARGIN,
            right: CHART_WIDTH - MARGIN - label_width - LEADER,
            top: 0.0,
            bottom: height,
        },
    );
    let items = place_leavers(&leavers, plot, [&frame.x, &frame.y]);
    let rows = items.iter().map(|item| item.row + 1).max().unwrap_or(0);
    frame.move_down(page.top() + ABOVE_FRAME + rows as f64 * OUTSIDE_LINE);
    frame.name_at = page.top() + ABOVE_FRAME - 12.0;
    let names = AxisNames {
        x: &plot.x_label,
        y: &plot.y_label,
    };
    let below = frame.area.bottom + BELOW_FRAME + wrapped_height(&plot.x_label);
    page.draw(below + if has_bars(plot) { NOTE_HEIGHT } else { 0.0 }, html! {
        (frame.grid(&names, &x_ticks(plot, &frame.x)))
        (draw_leavers(&leavers, &items, &looks, frame.area.top))
        @for label in &labels { (place_label(label, plot, &frame).draw(frame.area.right, frame.area.right + LEADER)) }
        (draw_all_series(plot, &looks, &frame))
        @if has_bars(plot) { (draw_note(&format!("bars: {}", make_printable(&plot.bars)), below)) }
    })
}

/// The axis over the methods, and over controls as far as they lie near.
fn choose_axis(plot: &LinePlot) -> Axis {
    let heights = |is_control: bool| {
        let chosen = plot.series.iter();
        let chosen = chosen.filter(move |series| (series.role == Role::Control) == is_control);
        chosen.flat_map(|series| series.points.iter().flat_map(ends))
    };
    let levels = plot.series.iter().filter_map(|series| series.level);
    let mut own: Vec<f64> = heights(false).chain(levels).collect();
    if plot.is_focused {
        own = leave_out_the_far(plot.y_scale, own);
    }
    Axis::stretch(plot.y_scale, own, heights(true))
}

/// The point and the ends of its error bar.
fn ends(point: &Point) -> [f64; 3] {
    let (y, spread) = (point.y.unwrap_or(f64::NAN), point.spread.unwrap_or(0.0));
    [y, y - spread, y + spread]
}

/// Names, last numbers and units, for readers who cannot see the chart.
fn describe(plot: &LinePlot) -> String {
    let last = |series: &Series| {
        let point = series
            .points
            .last()
            .map(|point| (point.y, format!(" at {}", format_number(point.x))));
        let (value, place) = point.unwrap_or((series.level, String::new()));
        format!("{} {}{place}", series.name, value.map_or("∞".to_owned(), format_number))
    };
    let all: Vec<String> = plot.series.iter().map(last).collect();
    format!(
        "{} against {}. Last values: {}",
        plot.y_label,
        plot.x_label,
        all.join("; ")
    )
}

fn has_bars(plot: &LinePlot) -> bool {
    !plot.bars.is_empty() && plot.points().any(|point| point.spread.is_some())
}

/// The last points of curves that end inside the axis; curves that leave it are named there.
fn find_ends(plot: &LinePlot, looks: &[Look], y: &Axis) -> Vec<End> {
    let end = |(curve, look): (usize, &Look)| {
        let series = &plot.series[curve];
        let last = series.level.or_else(|| series.points.last()?.y);
        let value = last.filter(|value| y.contains(*value))?;
        Some(End {
            curve,
            name: series.name.clone(),
            look: *look,
            at: Place::new(0.0, y.position(value)),
        })
    };
    looks.iter().enumerate().filter_map(end).collect()
}

/// The label with its ends where their curves end in the grid.
fn place_label(label: &EndLabel, plot: &LinePlot, frame: &Frame) -> EndLabel {
    let mut label = label.clone();
    label.y += frame.area.top;
    for end in &mut label.ends {
        end.at.y += frame.area.top;
        let last = plot.series[end.curve].points.last();
        end.at.x = last.map_or(frame.area.right, |point| frame.x.position(point.x));
    }
    label
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
fn draw_all_series(plot: &LinePlot, looks: &[Look], frame: &Frame) -> Markup {
    let Area {
        left,
        right,
        top,
        bottom,
    } = frame.area;
    let [left, top, width, height] = [left, top, right - left, bottom - top].map(coordinate);
    let series = || plot.series.iter().zip(looks);
    html! {
        svg x=(left) y=(top) width=(width) height=(height) viewBox={ (left) " " (top) " " (width) " " (height) } {
            @for (series, look) in series() { (draw_line(series, *look, frame)) }
        }
        @for (series, look) in series() { (draw_points(series, *look, frame)) }
    }
}

fn draw_line(series: &Series, look: Look, frame: &Frame) -> Markup {
    let scale = frame.y.scale();
    let place = |point: &Point| {
        let y = point.y.filter(|y| scale.shows(*y)).unwrap_or(f64::NAN);
        // Far beyond the edges only the direction of a line is seen.
        Place::new(frame.x.position(point.x), frame.y.position(y).clamp(-FAR, FAR))
    };
    let stroke = look.stroke();
    let at = |value: f64| coordinate(frame.y.position(value));
    html! {
        @if let Some(level) = series.level.filter(|level| scale.shows(*level)) {
            (stroke.draw(&format!("M{} {}H{}", coordinate(frame.area.left), at(level), coordinate(frame.area.right))))
        }
        @if series.points.len() > 1 { (stroke.draw(&draw_polyline(series.points.iter().map(place)))) }
        @for point in series.points.iter().filter(|point| point.spread.is_some() && !is_outside(point, &frame.y)) {
            @let [_, low, high] = ends(point);
            // On a logarithmic axis a bar down to zero goes on beyond the edge.
            @let foot = if scale.shows(low) { at(low) } else { coordinate(frame.area.bottom) };
            path d={ "M" (coordinate(frame.x.position(point.x))) " " (foot) "V" (at(high)) } stroke=(stroke.colour) stroke-width="1.4" {}
        }
    }
}

fn draw_points(series: &Series, look: Look, frame: &Frame) -> Markup {
    let stride = series.points.len().div_ceil(MOST_MARKERS).max(1);
    let last = series.points.len().saturating_sub(1);
    let marked = series
        .points
        .iter()
        .enumerate()
        .filter(|(at, _)| at % stride == 0 || *at == last);
    let inside = marked
        .map(|(_, point)| point)
        .filter(|point| !is_outside(point, &frame.y));
    html! {
        @for (point, y) in inside.filter_map(|point| Some((point, point.y?))) {
            g {
                title { (make_printable(&series.name)) ": " (format_number(point.x)) ", " (format_number(y)) }
                (look.draw_marker(frame.place(point.x, y)))
            }
        }
    }
}
