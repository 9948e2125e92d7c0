//! A variable that colours curves.

use maud::{Markup, html};
use secateurs_chart::{FAINT, INK, coordinate, estimate_width, format_number, make_printable};

/// A variable that colours the curves.
#[derive(Debug, Clone, Copy)]
pub struct Hue<'a> {
    /// Its name.
    pub name: &'a str,
    /// `[n_rows]`
    pub values: &'a [f64],
}

/// Ends and middle of the scale of colours, red, green and blue.
const HUES: [[f64; 3]; 3] = [[0.0, 114.0, 178.0], [190.0, 190.0, 190.0], [213.0, 94.0, 0.0]];

/// Left edge of the scale, beside the entry of the mean.
const LEFT: f64 = 190.0;
const STEPS: u32 = 16;

impl Hue<'_> {
    /// The colour of a row.
    pub(super) fn colour(&self, row: usize) -> String {
        let [low, high] = self.extent();
        blend(if high > low {
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

/// The scale of colours with its ends, in the line of the legend.
pub(super) fn draw_scale(hue: &Hue<'_>) -> Markup {
    let [low, high] = hue.extent().map(format_number);
    let from = LEFT + 23.0 + estimate_width(hue.name) + estimate_width(&low);
    html! {
        text x=(LEFT) y="52.5" fill=(INK) { (make_printable(hue.name)) tspan dx="8" fill=(FAINT) { (low) } }
        @for step in 0..STEPS {
            @let share = f64::from(step) / f64::from(STEPS - 1);
            rect x=(coordinate(from + 6.0 * f64::from(step))) y="43" width="6.2" height="10" fill=(blend(share)) {}
        }
        text x=(coordinate(from + 102.0)) y="52.5" fill=(FAINT) { (high) }
    }
}

/// A colour on the scale, from 0 to 1.
fn blend(share: f64) -> String {
    let (from, to, t) = match share < 0.5 {
        true => (HUES[0], HUES[1], 2.0 * share),
        false => (HUES[1], HUES[2], 2.0 * share - 1.0),
    };
    let mixed = |channel: usize| (from[channel] + t * (to[channel] - from[channel])).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mixed(0), mixed(1), mixed(2))
}
