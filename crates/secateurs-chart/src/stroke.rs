//! Looks of lines and markers.

use maud::{Markup, html};

use crate::palette::{CONTROL_PALETTE, PAPER, colour};
use crate::place::Place;

/// The meaning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Our measurement: a solid line with filled markers.
    #[default]
    Measured,
    /// A control's measurement: a thin grey dotted line.
    Control,
    /// The paper's numbers: dashed with hollow markers.
    Paper,
}

/// Colour, dashes and width of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Colour, as CSS writes it.
    pub colour: &'static str,
    /// Lengths of dashes and gaps, `none` for a solid line.
    pub dashes: &'static str,
    /// Width.
    pub width: f64,
}

impl Stroke {
    /// A solid line.
    pub fn solid(colour: &'static str) -> Self {
        Self {
            colour,
            dashes: "none",
            width: 2.2,
        }
    }

    /// A dashed line, for means and for numbers of others.
    pub fn dashed(colour: &'static str) -> Self {
        Self {
            dashes: "7 4",
            ..Self::solid(colour)
        }
    }

    /// The line of the `number`-th method in a role; a method keeps its colour in the roles of ours and of a paper.
    pub fn of_role(role: Role, number: usize) -> Self {
        match role {
            Role::Measured => Self::solid(colour(number)),
            Role::Paper => Self::dashed(colour(number)),
            Role::Control => Self {
                colour: CONTROL_PALETTE[number % CONTROL_PALETTE.len()],
                dashes: "2 3",
                width: 1.6,
            },
        }
    }

    /// A path of this look; `path` is SVG path data.
    pub fn draw(self, path: &str) -> Markup {
        html! {
            path d=(path) fill="none" stroke=(self.colour) stroke-width=(self.width) stroke-dasharray=(self.dashes)
                stroke-linejoin="round" stroke-linecap="round" {}
        }
    }
}

/// The shape at each point of a line; shapes tell lines apart where colours cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The meaning of the line.
    pub role: Role,
    /// The number of the method, which decides the shape; shapes repeat after five.
    pub number: usize,
}

impl Marker {
    /// The shape around a point.
    pub fn draw(self, at: Place) -> Markup {
        let colour = Stroke::of_role(self.role, self.number).colour;
        let fill = if self.role == Role::Paper { PAPER } else { colour };
        html! { path d=(self.outline(at)) fill=(fill) stroke=(colour) stroke-width="1.8" {} }
    }

    fn outline(self, at: Place) -> String {
        let corners: &[[f64; 2]] = match self.number % 5 {
            0 => return circle(at, 4.2),
            1 => &[[-3.9, -3.9], [3.9, -3.9], [3.9, 3.9], [-3.9, 3.9]],
            2 => &[[0.0, -5.0], [4.8, 3.8], [-4.8, 3.8]],
            3 => &[[0.0, -5.4], [5.4, 0.0], [0.0, 5.4], [-5.4, 0.0]],
            _ => &[[0.0, 5.0], [4.8, -3.8], [-4.8, -3.8]],
        };
        let points: Vec<String> = corners
            .iter()
            .map(|[dx, dy]| format!("{:.1} {:.1}", at.x + dx, at.y + dy))
            .collect();
        format!("M{}Z", points.join("L"))
    }
}

fn circle(at: Place, radius: f64) -> String {
    let (left, y, width) = (at.x - radius, at.y, 2.0 * radius);
    format!("M{left:.1} {y:.1}a{radius} {radius} 0 1 0 {width} 0a{radius} {radius} 0 1 0 -{width} 0Z")
}
