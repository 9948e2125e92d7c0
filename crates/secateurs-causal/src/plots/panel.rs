//! Drawings against one variable: two axes, and a rug of the rows.

use std::collections::BTreeSet;

use maud::{Markup, html};
use secateurs_chart::{
    Axis, AxisNames, Ends, FRAME_BOTTOM, FRAME_LEFT, FRAME_RIGHT, Frame, INK, Legend, Page, Room, Scale,
};

/// Below the line of the horizontal axis is the rug, above the ticks.
const RUG: f64 = 7.0;

/// Title, axes and legend of a drawing.
pub(super) struct Panel<'a> {
    pub(super) title: &'a str,
    pub(super) names: AxisNames<'a>,
    pub(super) legend: Legend,
    pub(super) frame: Frame,
}

impl Panel<'_> {
    /// The whole drawing, with `body` over the grid.
    pub(super) fn draw(&self, body: Markup) -> String {
        Page::chart(self.title).draw(html! {
            (self.legend.draw())
            (self.frame.grid(&self.names, &self.frame.x.ticks()))
            (body)
        })
    }
}

/// Two axes that cover points, below a legend.
pub(super) fn cover(xs: impl Iterator<Item = f64>, ys: impl Iterator<Item = f64>, legend: &Legend) -> Frame {
    let top = legend.bottom() + 8.0;
    let (along, up) = (Ends::new(FRAME_LEFT, FRAME_RIGHT), Ends::new(FRAME_BOTTOM - RUG, top));
    Frame {
        x: Axis::covering(Scale::Linear, xs, Room::even(0.04), along),
        y: Axis::covering(Scale::Linear, ys, Room::even(0.08), up),
        top,
    }
}

/// A short mark on the horizontal axis for each value.
pub(super) fn draw_rug(values: &[f64], axis: &Axis) -> Markup {
    // Marks that fall on the same tenth of a unit are one mark.
    let tenths: BTreeSet<i64> = values
        .iter()
        .map(|value| (axis.position(*value) * 10.0).round() as i64)
        .collect();
    let marks: String = tenths
        .iter()
        .map(|tenth| format!("M{:.1} {FRAME_BOTTOM}v-{RUG}", *tenth as f64 / 10.0))
        .collect();
    html! { path class="rug" d=(marks) stroke=(INK) stroke-opacity="0.45" stroke-width="0.8" {} }
}
