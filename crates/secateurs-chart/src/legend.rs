//! Names of lines, above a drawing.

use maud::{Markup, html};

use crate::frame::{FRAME_LEFT, FRAME_RIGHT};
use crate::number::coordinate;
use crate::page::TITLE_BASELINE;
use crate::palette::INK;
use crate::place::Place;
use crate::stroke::{Marker, Stroke};
use crate::text::{estimate_width, make_printable};

const LINE: f64 = 21.0;
/// Beyond the right edge of the grid, up to which entries may reach.
const OVERHANG: f64 = 20.0;

/// One line and its name.
#[derive(Debug, Clone, PartialEq)]
pub struct LegendEntry {
    /// Name of the line.
    pub name: String,
    /// Look of the line.
    pub stroke: Stroke,
    /// Shape at its points, if it has points.
    pub marker: Option<Marker>,
}

impl LegendEntry {
    /// A line without points.
    pub fn line(name: impl Into<String>, stroke: Stroke) -> Self {
        Self {
            name: name.into(),
            stroke,
            marker: None,
        }
    }
}

/// Entries below the title, in lines that end at the right edge of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Legend {
    entries: Vec<LegendEntry>,
    /// Middles of the left edges.
    places: Vec<Place>,
}

impl Legend {
    /// Places the entries from left to right, and goes on in a new line where one would reach beyond the grid.
    pub fn new(entries: Vec<LegendEntry>) -> Self {
        let mut next = Place::new(FRAME_LEFT, TITLE_BASELINE + 20.0);
        let mut places = Vec::with_capacity(entries.len());
        for entry in &entries {
            let width = 52.0 + estimate_width(&entry.name);
            if next.x > FRAME_LEFT && next.x + width > FRAME_RIGHT + OVERHANG {
                next = Place::new(FRAME_LEFT, next.y + LINE);
            }
            places.push(next);
            next.x += width;
        }
        Self { entries, places }
    }

    /// Lower edge.
    pub fn bottom(&self) -> f64 {
        let last = self.places.last().map_or(TITLE_BASELINE - 1.0, |place| place.y);
        last + LINE - 12.0
    }

    /// Lines with their names.
    pub fn draw(&self) -> Markup {
        html! {
            @for (entry, place) in self.entries.iter().zip(&self.places) {
                (entry.stroke.draw(&format!("M{} {}h30", coordinate(place.x), coordinate(place.y))))
                @if let Some(marker) = entry.marker { (marker.draw(Place::new(place.x + 15.0, place.y))) }
                text x=(coordinate(place.x + 36.0)) y=(coordinate(place.y + 4.5)) fill=(INK) { (make_printable(&entry.name)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legend(names: &[&str]) -> Legend {
        let entry = |name: &&str| LegendEntry::line(*name, Stroke::solid(INK));
        Legend::new(names.iter().map(entry).collect())
    }

    #[test]
    fn entries_that_do_not_fit_go_on_in_a_new_line() {
        let long = "a name of thirty letters or so";
        let places = legend(&[long, long, long]).places;
        assert_eq!(places[0].y, places[1].y);
        assert_eq!((places[2].x, places[2].y), (FRAME_LEFT, places[0].y + LINE));
        // One that never fits stands alone.
        assert_eq!(legend(&[&long.repeat(5)]).places[0].x, FRAME_LEFT);
    }

    #[test]
    fn the_bottom_follows_the_lines() {
        assert_eq!(legend(&[]).bottom(), TITLE_BASELINE + 8.0);
        assert_eq!(legend(&["a"]).bottom(), TITLE_BASELINE + 8.0 + LINE);
    }
}
