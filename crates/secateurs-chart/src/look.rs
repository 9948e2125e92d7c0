//! Looks of lines and markers.

use maud::{Markup, html};

use crate::palette::{CONTROL_PALETTE, PALETTE, PAPER};
use crate::place::{Place, draw_polyline};

/// The meaning of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Our measurement: a solid line with filled markers.
    #[default]
    Measured,
    /// A control's measurement: a thin grey broken line.
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

/// Dashes for each round through the colours of a role.
const MEASURED_DASHES: [&str; 4] = ["none", "11 3", "11 3 3 3", "11 3 3 3 3 3"];
const PAPER_DASHES: [&str; 4] = ["6 4", "2 4", "6 4 2 4", "4 2"];
/// Controls have few colours, so that their dashes change first.
const CONTROL_DASHES: [&str; 8] = ["2 3", "7 3", "1 5", "7 3 2 3", "4 4", "10 4", "7 3 2 3 2 3", "1 3 5 3"];

const N_OUTLINES: usize = 9;
/// Looks of a role after which the search for a free one ends.
const MOST_LOOKS: usize = 144;

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
            dashes: PAPER_DASHES[0],
            ..Self::solid(colour)
        }
    }

    /// A line of another width.
    pub fn width(self, width: f64) -> Self {
        Self { width, ..self }
    }

    /// A path of this look; `path` is SVG path data.
    pub fn draw(self, path: &str) -> Markup {
        let dashes = Some(self.dashes).filter(|dashes| *dashes != "none");
        html! {
            path d=(path) fill="none" stroke=(self.colour) stroke-width=(self.width) stroke-dasharray=[dashes]
                stroke-linejoin="round" stroke-linecap="round" {}
        }
    }
}

/// Stroke and marker of the `number`-th method in a role; a method keeps its colour in the roles of ours and of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) role: Role,
    pub(crate) number: usize,
    /// Lines across the whole chart have no markers.
    pub(crate) has_marker: bool,
}

/// The properties that tell two looks apart.
type Appearance = (Role, &'static str, &'static str, Option<usize>);

impl Look {
    pub(crate) fn stroke(self) -> Stroke {
        let round = self.number / PALETTE.len();
        let colour = PALETTE[self.number % PALETTE.len()];
        match self.role {
            Role::Measured => Stroke {
                dashes: MEASURED_DASHES[round % MEASURED_DASHES.len()],
                ..Stroke::solid(colour)
            },
            Role::Paper => Stroke {
                dashes: PAPER_DASHES[round % PAPER_DASHES.len()],
                ..Stroke::solid(colour)
            },
            Role::Control => Stroke {
                colour: CONTROL_PALETTE[self.number / CONTROL_DASHES.len() % CONTROL_PALETTE.len()],
                dashes: CONTROL_DASHES[self.number % CONTROL_DASHES.len()],
                width: 1.6,
            },
        }
    }

    /// The marker around a point; shapes tell lines apart where colours cannot.
    pub(crate) fn draw_marker(self, at: Place) -> Markup {
        self.draw_shape(self.number % N_OUTLINES, at)
    }

    /// A round marker, where names stand beside it.
    pub(crate) fn draw_dot(self, at: Place) -> Markup {
        self.draw_shape(0, at)
    }

    fn draw_shape(self, shape: usize, at: Place) -> Markup {
        let colour = self.stroke().colour;
        let fill = if self.role == Role::Paper { PAPER } else { colour };
        let width = if self.role == Role::Paper { "1.8" } else { "1" };
        html! { path d=(outline(shape, at)) fill=(fill) stroke=(colour) stroke-width=(width) {} }
    }

    fn appearance(self) -> Appearance {
        let Stroke { colour, dashes, .. } = self.stroke();
        (
            self.role,
            colour,
            dashes,
            self.has_marker.then_some(self.number % N_OUTLINES),
        )
    }
}

/// The looks that are asked for, or the next free ones where an earlier line has the look already.
pub(crate) fn tell_apart(wanted: &[Look]) -> Vec<Look> {
    let mut taken: Vec<Appearance> = Vec::new();
    let choose = |look: &Look| {
        let mut others = (0..MOST_LOOKS).map(|step| Look {
            number: look.number.wrapping_add(step),
            ..*look
        });
        let free = others.find(|other| !taken.contains(&other.appearance()));
        let chosen = free.unwrap_or(*look);
        taken.push(chosen.appearance());
        chosen
    };
    wanted.iter().map(choose).collect()
}

/// The shape of a number around a point.
fn outline(shape: usize, at: Place) -> String {
    let corners: &[[f64; 2]] = match shape {
        0 => return circle(at, 4.0),
        1 => &[[-3.6, -3.6], [3.6, -3.6], [3.6, 3.6], [-3.6, 3.6]],
        2 => &[[0.0, -4.8], [4.6, 3.6], [-4.6, 3.6]],
        3 => &[[0.0, -5.2], [5.2, 0.0], [0.0, 5.2], [-5.2, 0.0]],
        4 => &[[0.0, 4.8], [4.6, -3.6], [-4.6, -3.6]],
        5 => &[[-5.2, -2.2], [5.2, -2.2], [5.2, 2.2], [-5.2, 2.2]],
        6 => &[[-4.8, 0.0], [3.6, -4.6], [3.6, 4.6]],
        7 => &[[-2.2, -5.2], [2.2, -5.2], [2.2, 5.2], [-2.2, 5.2]],
        _ => &[[4.8, 0.0], [-3.6, -4.6], [-3.6, 4.6]],
    };
    draw_polyline(corners.iter().map(|[x, y]| Place::new(at.x + x, at.y + y))) + "Z"
}

fn circle(at: Place, radius: f64) -> String {
    let (left, y, width) = (at.x - radius, at.y, 2.0 * radius);
    format!("M{left:.1} {y:.1}a{radius} {radius} 0 1 0 {width} 0a{radius} {radius} 0 1 0 -{width} 0Z")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_two_lines_look_alike(wanted in prop::collection::vec((0..3usize, 0..40usize, any::<bool>()), 0..36)) {
            let look = |&(role, number, has_marker): &(usize, usize, bool)| Look {
                role: [Role::Measured, Role::Control, Role::Paper][role],
                number,
                has_marker,
            };
            let wanted: Vec<Look> = wanted.iter().map(look).collect();
            // Lines without markers have fewer looks.
            let plain = wanted.iter().filter(|look| !look.has_marker).count();
            prop_assume!(plain <= 16);
            let chosen = tell_apart(&wanted);
            for (at, look) in chosen.iter().enumerate() {
                prop_assert!(!chosen[..at].iter().any(|other| other.appearance() == look.appearance()));
                prop_assert_eq!(look.role, wanted[at].role);
            }
        }
    }

    #[test]
    fn a_look_that_nobody_has_is_kept() {
        let look = |number| Look {
            role: Role::Measured,
            number,
            has_marker: true,
        };
        assert_eq!(tell_apart(&[look(3), look(0), look(3)]), [look(3), look(0), look(4)]);
    }
}
