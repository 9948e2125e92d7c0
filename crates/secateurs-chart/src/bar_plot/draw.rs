//! A chart of bars as SVG elements.

use maud::{Markup, html};

use super::{Bar, BarPlot, Mark};
use crate::axis::{Axis, Room, Scale};
use crate::frame::{BELOW_FRAME, draw_x_name, draw_x_ticks, wrapped_height};
use crate::labels::{RowItem, place_in_rows};
use crate::look::{Role, Stroke};
use crate::number::{coordinate, format_number, format_with_spread};
use crate::page::{CHART_WIDTH, MARGIN, NOTE_HEIGHT, Page, draw_note};
use crate::palette::{FAINT, GRID, INK, PAPER};
use crate::place::{Area, Place};
use crate::range::leave_out_the_far;
use crate::text::{estimate_width, fit, make_printable};

const LINE: f64 = 26.0;
const REFERENCE_LINE: f64 = 16.0;
const GAP: f64 = 12.0;
const MOST_NAME_WIDTH: f64 = 200.0;
const BAR_HEIGHT: f64 = 13.0;

/// A chart with the places of its parts.
struct Drawing<'a> {
    plot: &'a BarPlot,
    axis: Axis,
    area: Area,
}

pub(super) fn draw(plot: &BarPlot) -> String {
    let page = Page::new(&plot.title, CHART_WIDTH).description(&describe(plot));
    let names = plot.bars.iter().map(|bar| estimate_width(&bar.name));
    let left = MARGIN + names.fold(0.0, f64::max).min(MOST_NAME_WIDTH) + GAP;
    let values = plot.bars.iter().map(|bar| estimate_width(&tell_value(bar)));
    let right = CHART_WIDTH - MARGIN - values.fold(0.0, f64::max).min(MOST_NAME_WIDTH) - GAP;
    let axis = choose_axis(plot).between(left, right);
    let references = place_references(plot, &axis);
    let rows = references.iter().map(|item| item.row + 1).max().unwrap_or(0);
    let top = page.top() + 10.0 + rows as f64 * REFERENCE_LINE;
    let bottom = top + LINE * plot.bars.len().max(1) as f64;
    let drawing = Drawing {
        plot,
        axis,
        area: Area {
            left,
            right,
            top,
            bottom,
        },
    };
    let has_note = !plot.spreads.is_empty() && plot.bars.iter().any(|bar| bar.spread.is_some());
    let below = bottom + BELOW_FRAME + wrapped_height(&plot.label);
    page.draw(
        below + if has_note { NOTE_HEIGHT } else { 0.0 },
        html! {
            (drawing.draw_grid())
            @for (number, bar) in plot.bars.iter().enumerate() { (drawing.draw_bar(number, bar)) }
            (drawing.draw_references(&references))
            @if has_note { (draw_note(&format!("intervals: {}", plot.spreads), below)) }
        },
    )
}

fn describe(plot: &BarPlot) -> String {
    let bars = plot.bars.iter().map(|bar| format!("{} {}", bar.name, tell_value(bar)));
    let references = plot
        .references
        .iter()
        .map(|line| format!("{} {}", line.name, format_number(line.value)));
    let all: Vec<String> = bars.chain(references).collect();
    format!("{}: {}", plot.label, all.join("; "))
}

/// Covers the values that are not far away; bars reach from zero to every value.
fn choose_axis(plot: &BarPlot) -> Axis {
    let ends = |bar: &Bar| {
        let (value, spread) = (bar.value.unwrap_or(f64::NAN), bar.spread.unwrap_or(0.0));
        [value, value - spread, value + spread]
    };
    let references = plot.references.iter().map(|line| line.value);
    match plot.mark {
        Mark::Bar => {
            let all = plot.bars.iter().flat_map(ends).chain(references).chain([0.0]);
            let lowest = plot.bars.iter().filter_map(|bar| bar.value).fold(0.0, f64::min);
            let low = if lowest < 0.0 { 0.04 } else { 0.0 };
            Axis::covering(Scale::Linear, all, Room { low, high: 0.04 })
        }
        Mark::Dot => {
            let values = plot.bars.iter().filter_map(|bar| bar.value).chain(references);
            let near = leave_out_the_far(plot.scale, values.collect());
            let is_near = |bar: &&Bar| bar.value.is_some_and(|value| near.contains(&value));
            let with_intervals = plot.bars.iter().filter(is_near).flat_map(ends);
            Axis::covering(plot.scale, near.iter().copied().chain(with_intervals), Room::even(0.06))
        }
    }
}

/// The value with its spread, as it is printed.
fn tell_value(bar: &Bar) -> String {
    match (bar.value, bar.spread) {
        (None, _) => "∞".to_owned(),
        (Some(value), None) => format_number(value),
        (Some(value), Some(spread)) => format_with_spread(value, spread),
    }
}

fn name_reference(name: &str, value: f64) -> String {
    fit(
        &format!("{} {}", make_printable(name), format_number(value)),
        CHART_WIDTH - 2.0 * MARGIN,
    )
}

fn place_references(plot: &BarPlot, axis: &Axis) -> Vec<RowItem> {
    let items = plot.references.iter().map(|line| RowItem {
        x: if axis.contains(line.value) {
            axis.position(line.value)
        } else {
            MARGIN
        },
        width: estimate_width(&name_reference(&line.name, line.value)),
        row: 0,
    });
    place_in_rows(&items.collect::<Vec<_>>(), MARGIN, CHART_WIDTH - MARGIN)
}

impl Drawing<'_> {
    fn middle(&self, number: usize) -> f64 {
        self.area.top + LINE * (number as f64 + 0.5)
    }

    fn draw_grid(&self) -> Markup {
        let Area {
            left,
            right,
            top,
            bottom,
        } = self.area;
        let ticks = self.axis.ticks();
        html! {
            @for tick in &ticks {
                path d={ "M" (coordinate(self.axis.position(*tick))) " " (coordinate(top)) "V" (coordinate(bottom)) } stroke=(GRID) {}
            }
            path d={ "M" (coordinate(left)) " " (coordinate(bottom)) "H" (coordinate(right)) } stroke=(FAINT) {}
            (draw_x_ticks(&self.axis, &ticks, bottom))
            (draw_x_name(&self.plot.label, &self.area))
        }
    }

    fn draw_bar(&self, number: usize, bar: &Bar) -> Markup {
        let y = self.middle(number);
        let name = make_printable(&bar.name);
        let shown = fit(&name, MOST_NAME_WIDTH);
        let ink = if bar.role == Role::Control { FAINT } else { INK };
        let baseline = coordinate(y + 4.5);
        html! {
            g class="bar" {
                text x=(MARGIN) y=(baseline) fill=(ink) { @if shown != name { title { (name) } } (shown) }
                @if let Some(value) = bar.value { (self.draw_value(number, bar, value)) }
                text x=(coordinate(CHART_WIDTH - MARGIN)) y=(baseline) text-anchor="end" fill=(ink) { (tell_value(bar)) }
            }
        }
    }

    fn draw_value(&self, number: usize, bar: &Bar, value: f64) -> Markup {
        let y = self.middle(number);
        let look = bar.look();
        let stroke = look.stroke();
        if !self.axis.contains(value) {
            return self.draw_arrow(y, value, stroke);
        }
        let at = self.axis.position(value);
        html! {
            @match self.plot.mark {
                Mark::Dot => {
                    // A faint line leads from the name to the dot.
                    path d={ "M" (coordinate(self.area.left)) " " (coordinate(y)) "H" (coordinate(at)) } stroke=(stroke.colour) stroke-opacity="0.25" {}
                    (self.draw_interval(bar, value, y, stroke))
                    (look.draw_dot(Place::new(at, y)))
                }
                Mark::Bar => {
                    @let zero = self.axis.position(0.0);
                    rect x=(coordinate(zero.min(at))) y=(coordinate(y - BAR_HEIGHT / 2.0)) width=(coordinate((at - zero).abs()))
                        height=(BAR_HEIGHT) rx="2" fill=(stroke.colour) {}
                    (self.draw_interval(bar, value, y, Stroke::solid(INK)))
                }
            }
        }
    }

    fn draw_interval(&self, bar: &Bar, value: f64, y: f64, stroke: Stroke) -> Markup {
        let end = |value: f64| {
            if self.axis.scale().shows(value) {
                self.axis.position(value)
            } else {
                self.area.left
            }
        };
        let ends = bar.spread.map(|spread| [end(value - spread), end(value + spread)]);
        html! {
            @if let Some([low, high]) = ends.map(|ends| ends.map(|x| x.max(self.area.left).min(self.area.right))) {
                path d={ "M" (coordinate(low)) " " (coordinate(y)) "H" (coordinate(high)) } stroke=(stroke.colour) stroke-width="2" {}
            }
        }
    }

    /// The direction in which a value lies beyond the axis.
    fn draw_arrow(&self, y: f64, value: f64, stroke: Stroke) -> Markup {
        let is_low = !self.axis.scale().shows(value) && value <= 0.0 || self.axis.position(value) < self.area.left;
        let (from, to): (f64, f64) = if is_low {
            (self.area.left + 14.0, -10.0)
        } else {
            (self.area.right - 14.0, 10.0)
        };
        let back = -to.signum() * 4.0;
        html! {
            path d={ "M" (coordinate(from)) " " (coordinate(y)) "h" (to) "m" (back) " -4l" (-back) " 4l" (back) " 4" } fill="none"
                stroke=(stroke.colour) stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round" {}
        }
    }

    /// Lines first, so that no line crosses a name.
    fn draw_references(&self, items: &[RowItem]) -> Markup {
        let foot = |item: &RowItem| self.area.top - 4.0 - REFERENCE_LINE * item.row as f64;
        let lines = || self.plot.references.iter().zip(items);
        html! {
            @for (line, item) in lines().filter(|(line, _)| self.axis.contains(line.value)) {
                @let x = coordinate(self.axis.position(line.value));
                path d={ "M" (x) " " (coordinate(foot(item))) "V" (coordinate(self.area.bottom)) } stroke=(INK) stroke-width="1.2"
                    stroke-dasharray="5 3" {}
            }
            @for (line, item) in lines() {
                text x=(coordinate(item.x)) y=(coordinate(foot(item) - 4.0)) text-anchor="middle" font-size="12" fill=(INK)
                    stroke=(PAPER) stroke-width="3" paint-order="stroke" { (name_reference(&line.name, line.value)) }
            }
        }
    }
}
