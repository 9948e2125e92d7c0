//! Names beside nodes: level where there is room, else slanted.

use maud::{Markup, html};
use secateurs_chart::{INK, Place, coordinate, estimate_width, shorten};

/// Letters of a name that are drawn; all of them are in its tooltip.
const MOST_LETTERS: usize = 24;

/// Slant of names that are too long to stand side by side.
const SLANT: f64 = 38.0;

/// Layout of the names of one row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels {
    pub(super) slanted: bool,
    /// Height that the longest takes.
    pub(super) height: f64,
    /// Width that the longest takes beyond its node, to one side if slanted.
    pub(super) reach: f64,
}

impl Labels {
    /// Fits names into columns of a width.
    pub(super) fn fitting(names: &[String], column: f64) -> Self {
        let longest = names
            .iter()
            .map(|name| estimate_width(&shorten(name, MOST_LETTERS)))
            .fold(0.0, f64::max);
        if longest <= column - 6.0 {
            return Self {
                slanted: false,
                height: 16.0,
                reach: longest / 2.0,
            };
        }
        let (sine, cosine) = SLANT.to_radians().sin_cos();
        Self {
            slanted: true,
            height: 12.0 + longest * sine,
            reach: longest * cosine,
        }
    }
}

/// Names below or above their nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Below,
    Above,
}

impl Labels {
    /// Names beside their nodes.
    pub(super) fn draw(self, names: &[String], places: &[Place], side: Side) -> Markup {
        let anchor = match (self.slanted, side) {
            (false, _) => "middle",
            (true, Side::Below) => "end",
            (true, Side::Above) => "start",
        };
        let beside = match side {
            Side::Below => 22.0,
            Side::Above => -12.0,
        };
        html! {
            @for (name, place) in names.iter().zip(places) {
                @let (x, y) = (coordinate(place.x), coordinate(place.y + beside));
                @let turn = format!("rotate(-{SLANT} {x} {y})");
                text class="name" x=(x) y=(y) text-anchor=(anchor) fill=(INK) transform=[self.slanted.then_some(turn)] {
                    title { (name) }
                    (shorten(name, MOST_LETTERS))
                }
            }
        }
    }
}
