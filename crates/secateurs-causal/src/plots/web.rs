//! The axes of a radar, and polygons on them.

use maud::{Markup, html};
use secateurs_chart::{
    Axis, FAINT, GRID, INK, Place, coordinate, draw_polyline, format_number, format_ticks, make_printable, shorten,
};

const CENTRE: Place = Place { x: 360.0, y: 328.0 };
/// Length of the axes.
pub(super) const RADIUS: f64 = 208.0;
/// Gap between the ends of the axes and their names.
const NAME_GAP: f64 = 16.0;
/// Letters of a name that fit beside an axis; all of them are in its tooltip.
const MOST_LETTERS: usize = 18;

/// Axes around a centre, the first upwards and the others clockwise, all of one scale.
pub(super) struct Web<'a> {
    /// Names of the axes.
    pub(super) names: Vec<&'a str>,
    /// Axis that all share, outwards from the centre.
    pub(super) axis: Axis,
}

impl Web<'_> {
    /// Rings at the ticks, and the axes with their names.
    pub(super) fn draw(&self) -> Markup {
        let ticks = self.axis.ticks();
        html! {
            @for tick in &ticks {
                path class="ring" d=(self.polygon(&vec![*tick; self.names.len()])) fill="none"
                    stroke=(if *tick == 0.0 { FAINT } else { GRID }) {}
            }
            @for at in 0..self.names.len() { (self.draw_axis(at)) }
            @for (tick, label) in ticks.iter().zip(format_ticks(&ticks)) {
                @let y = CENTRE.y - self.axis.position(*tick) - 3.0;
                text x=(coordinate(CENTRE.x + 5.0)) y=(coordinate(y)) font-size="11" fill=(FAINT) { (label) }
            }
        }
    }

    /// Equal values on every axis.
    pub(super) fn draw_average(&self, average: f64, colour: &str) -> Markup {
        html! {
            path class="average" d=(self.polygon(&vec![average; self.names.len()])) fill=(colour) fill-opacity="0.07"
                stroke=(colour) stroke-width="1.8" stroke-dasharray="7 4" {
                title { "average " (format_number(average)) }
            }
        }
    }

    /// A value for each axis.
    pub(super) fn draw_individual(&self, values: &[f64], colour: &str) -> Markup {
        html! {
            path class="individual" d=(self.polygon(values)) fill="none" stroke=(colour) stroke-width="2.2"
                stroke-linejoin="round" {}
            @for (at, value) in values.iter().enumerate() {
                @let corner = self.place(at, self.axis.position(*value));
                circle class="corner" cx=(coordinate(corner.x)) cy=(coordinate(corner.y)) r="3.6" fill=(colour) {
                    title { (make_printable(self.names[at])) ": " (format_number(*value)) }
                }
            }
        }
    }

    fn draw_axis(&self, at: usize) -> Markup {
        let end = self.place(at, RADIUS);
        let name = make_printable(self.names[at]);
        let place = self.place(at, RADIUS + NAME_GAP);
        let anchor = match place.x - CENTRE.x {
            right if right > 20.0 => "start",
            left if left < -20.0 => "end",
            _ => "middle",
        };
        html! {
            path class="axis" d={ "M" (CENTRE.x) " " (CENTRE.y) "L" (coordinate(end.x)) " " (coordinate(end.y)) } stroke=(GRID) {}
            text class="name" x=(coordinate(place.x)) y=(coordinate(place.y + 4.5)) text-anchor=(anchor) fill=(INK) {
                title { (name) }
                (shorten(&name, MOST_LETTERS))
            }
        }
    }

    fn place(&self, at: usize, radius: f64) -> Place {
        let angle = std::f64::consts::TAU * at as f64 / self.names.len() as f64;
        Place::new(CENTRE.x + radius * angle.sin(), CENTRE.y - radius * angle.cos())
    }

    fn polygon(&self, values: &[f64]) -> String {
        let corner = |(at, value): (usize, &f64)| self.place(at, self.axis.position(*value));
        draw_polyline(values.iter().enumerate().map(corner)) + "Z"
    }
}
