//! What drawings with two axes share.

use maud::{Markup, html};

use super::axis::{Axis, labels};
use super::text::printable;

/// Okabe and Ito's colours, which stay distinct for colour-blind readers, without the yellow that fades on white.
pub(super) const PALETTE: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222",
];
pub(super) const INK: &str = "#1f2328";
pub(super) const FAINT: &str = "#59636e";
pub(super) const GRID: &str = "#e3e6ea";

const SIZE: (f64, f64) = (640.0, 470.0);
const LEFT: f64 = 74.0;
pub(super) const RIGHT: f64 = 618.0;
const TOP: f64 = 66.0;
pub(super) const BOTTOM: f64 = 412.0;
/// Below the line of the horizontal axis is the rug, above the ticks.
const RUG: f64 = 7.0;

/// Title and names of the axes.
pub(super) struct Heading<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
}

/// Two axes that cover points.
pub(super) fn axes(xs: impl Iterator<Item = f64>, ys: impl Iterator<Item = f64>) -> (Axis, Axis) {
    let x = Axis::covering(xs, (0.04, 0.04), (LEFT, RIGHT));
    (x, Axis::covering(ys, (0.08, 0.08), (BOTTOM - RUG, TOP)))
}

/// A whole drawing: `legend` beside the title's line, `body` over the grid.
pub(super) fn chart(heading: &Heading<'_>, axes: &(Axis, Axis), (legend, body): (Markup, Markup)) -> String {
    let inside = html! {
        (legend)
        (grid(heading, axes))
        (body)
    };
    page(SIZE, heading.title, inside)
}

/// A white page with a title.
pub(super) fn page((width, height): (f64, f64), title: &str, inside: Markup) -> String {
    let title = printable(title);
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(title.as_str())
            font-family="system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" font-size="13" {
            rect width=(width) height=(height) rx="8" fill="#ffffff" {}
            text class="title" x=(LEFT) y="28" font-size="16" font-weight="600" fill=(INK) { (title) }
            (inside)
        }
    }
    .into_string()
}

fn grid(heading: &Heading<'_>, (x, y): &(Axis, Axis)) -> Markup {
    let middle = number((TOP + BOTTOM) / 2.0);
    let (of_x, of_y) = (x.ticks(), y.ticks());
    html! {
        @for (tick, label) in of_y.iter().zip(labels(&of_y)) {
            @let at = y.position(*tick);
            path d={ "M" (LEFT) " " (number(at)) "H" (RIGHT) } stroke=(GRID) {}
            text x=(number(LEFT - 8.0)) y=(number(at + 4.5)) text-anchor="end" fill=(FAINT) { (label) }
        }
        @for (tick, label) in of_x.iter().zip(labels(&of_x)) {
            @let at = number(x.position(*tick));
            path d={ "M" (at) " " (BOTTOM) "v5" } stroke=(FAINT) {}
            text x=(at) y=(number(BOTTOM + 20.0)) text-anchor="middle" fill=(FAINT) { (label) }
        }
        path d={ "M" (LEFT) " " (BOTTOM) "H" (RIGHT) } stroke=(FAINT) {}
        text x=(number((LEFT + RIGHT) / 2.0)) y=(number(BOTTOM + 44.0)) text-anchor="middle" fill=(INK) { (printable(heading.x)) }
        text x="18" y=(middle) text-anchor="middle" fill=(INK) transform={ "rotate(-90 18 " (middle) ")" } { (printable(heading.y)) }
    }
}

/// Entries of a legend: name, colour and dashes.
pub(super) fn legend<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Markup {
    let mut left = LEFT;
    let placed = entries.into_iter().map(|entry| {
        let at = left;
        left += 56.0 + 7.0 * entry.0.chars().count() as f64;
        (at, entry)
    });
    html! {
        @for (x, (name, colour, dashes)) in placed {
            path d={ "M" (number(x)) " 48h30" } stroke=(colour) stroke-width="2.2" stroke-dasharray=(dashes) {}
            text x=(number(x + 36.0)) y="52.5" fill=(INK) { (printable(name)) }
        }
    }
}

/// A line through points.
pub(super) fn line(points: impl Iterator<Item = (f64, f64)>) -> String {
    let corners: Vec<String> = points.map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    format!("M{}", corners.join("L"))
}

/// A short mark on the horizontal axis for each value.
pub(super) fn rug(values: &[f64], axis: &Axis) -> Markup {
    // Marks that fall on the same tenth of a unit are one mark.
    let places: std::collections::BTreeSet<i64> = values
        .iter()
        .map(|value| (axis.position(*value) * 10.0).round() as i64)
        .collect();
    let marks: String = places
        .iter()
        .map(|place| format!("M{:.1} {BOTTOM}v-{RUG}", *place as f64 / 10.0))
        .collect();
    html! { path class="rug" d=(marks) stroke=(INK) stroke-opacity="0.45" stroke-width="0.8" {} }
}

/// A coordinate: one decimal is finer than any screen shows.
pub(super) fn number(value: f64) -> String {
    format!("{value:.1}")
}
