//! A variable that colours curves.

use maud::{Markup, html};
use secateurs_chart::{FAINT, INK, Place, coordinate, estimate_width, format_number, make_printable, ramp};

/// A variable that colours the curves.
#[derive(Debug, Clone, Copy)]
pub struct Hue<'a> {
    /// Name of the variable.
    pub name: &'a str,
    /// `[n_rows]`
    pub values: &'a [f64],
}

/// Colours of the scale in the legend.
const STEPS: u32 = 9;

impl Hue<'_> {
    /// The colour of a row.
    pub(super) fn colour(&self, row: usize) -> &'static str {
        let [low, high] = self.extent();
        ramp(if high > low {
            (self.values[row] - low) / (high - low)
        } else {
            0.5
        })
    }

    fn extent(&self) -> [f64; 2] {
        let values = self.values.iter();
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
            [low.min(*value), high.max(*value)]
        })
    }
}

/// The scale of colours with its ends, in the line of the legend, to the right of `at`.
pub(super) fn draw_scale(hue: &Hue<'_>, at: Place) -> Markup {
    let [low, high] = hue.extent().map(format_number);
    let from = at.x + 16.0 + estimate_width(hue.name) + estimate_width(&low);
    let baseline = coordinate(at.y + 4.5);
    html! {
        text x=(coordinate(at.x)) y=(baseline) fill=(INK) { (make_printable(hue.name)) tspan dx="8" fill=(FAINT) { (low) } }
        @for step in 0..STEPS {
            @let colour = ramp(f64::from(step) / f64::from(STEPS - 1));
            rect x=(coordinate(from + 10.0 * f64::from(step))) y=(coordinate(at.y - 5.0)) width="10.2" height="10" fill=(colour) {}
        }
        text x=(coordinate(from + 10.0 * f64::from(STEPS) + 6.0)) y=(baseline) fill=(FAINT) { (high) }
    }
}
