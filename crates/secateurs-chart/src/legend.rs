//! Names of lines, above a drawing.

use maud::{Markup, html};

use crate::look::Stroke;
use crate::number::coordinate;
use crate::page::MARGIN;
use crate::palette::INK;
use crate::place::Place;
use crate::text::{estimate_width, make_printable};

const LINE: f64 = 21.0;
/// Length of the sample of a line, with the gap to its name.
const SAMPLE: f64 = 36.0;
const GAP: f64 = 16.0;

/// One line and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct LegendEntry {
    /// Name of the line.
    pub name: String,
    /// Look of the line.
    pub stroke: Stroke,
}

impl LegendEntry {
    /// A line and its name.
    pub fn new(name: impl Into<String>, stroke: Stroke) -> Self {
        let name = name.into();
        Self { name, stroke }
    }
}

/// Entries below a title, in lines that end at the right margin.
#[derive(Debug, Clone, PartialEq)]
pub struct Legend {
    entries: Vec<LegendEntry>,
    /// Middles of the left edges.
    places: Vec<Place>,
    /// Lower edge.
    pub bottom: f64,
    /// Right end of the last entry, where more may stand.
    pub end: Place,
}

impl Legend {
    /// Places entries below `top` from left to right, and goes on in a new line where one would reach beyond a sheet of that width.
    pub fn new(entries: Vec<LegendEntry>, top: f64, width: f64) -> Self {
        let mut next = Place::new(MARGIN, top + 10.0);
        let mut places = Vec::with_capacity(entries.len());
        for entry in &entries {
            let needed = SAMPLE + estimate_width(&entry.name);
            if next.x > MARGIN && next.x + needed > width - MARGIN {
                next = Place::new(MARGIN, next.y + LINE);
            }
            places.push(next);
            next.x += needed + GAP;
        }
        let bottom = if entries.is_empty() { top } else { next.y + 9.0 };
        Self {
            entries,
            places,
            bottom,
            end: next,
        }
    }

    /// Lines with their names.
    pub fn draw(&self) -> Markup {
        html! {
            @for (entry, place) in self.entries.iter().zip(&self.places) {
                (entry.stroke.draw(&format!("M{} {}h30", coordinate(place.x), coordinate(place.y))))
                text x=(coordinate(place.x + SAMPLE)) y=(coordinate(place.y + 4.5)) fill=(INK) { (make_printable(&entry.name)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legend(names: &[&str]) -> Legend {
        let entry = |name: &&str| LegendEntry::new(*name, Stroke::solid(INK));
        Legend::new(names.iter().map(entry).collect(), 30.0, 560.0)
    }

    #[test]
    fn entries_that_do_not_fit_go_on_in_a_new_line() {
        let long = "a name of twenty four or";
        let places = legend(&[long, long, long]).places;
        assert_eq!(places[0].y, places[1].y);
        assert_eq!((places[2].x, places[2].y), (MARGIN, places[0].y + LINE));
        // One that never fits stands alone.
        assert_eq!(legend(&[&long.repeat(5)]).places[0].x, MARGIN);
    }

    #[test]
    fn the_bottom_follows_the_lines() {
        assert_eq!(legend(&[]).bottom, 30.0);
        assert_eq!(legend(&["a"]).bottom, 49.0);
    }
}
