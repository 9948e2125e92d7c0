//! Drawings against one variable: two axes, and a rug of the rows.

use std::collections::BTreeSet;

use maud::{Markup, html};
use secateurs_chart::{
    ABOVE_FRAME, Area, Axis, AxisNames, BELOW_FRAME, CHART_WIDTH, Frame, INK, Legend, LegendEntry, MARGIN, Page, Room,
    Scale, coordinate, opacity,
};

/// Height of the grid.
const HEIGHT: f64 = 310.0;
/// Length of the marks of the rug, above the line of the horizontal axis.
const RUG: f64 = 7.0;

/// Title, axes and legend of a drawing.
pub(super) struct Panel<'a> {
    page: Page,
    names: AxisNames<'a>,
    pub(super) legend: Legend,
    pub(super) frame: Frame,
}

/// A title and the names of the axes.
pub(super) struct Captions<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
}

impl<'a> Panel<'a> {
    /// Two axes that cover places `[x, y]`, below a legend.
    pub(super) fn new(
        captions: &Captions<'a>,
        entries: Vec<LegendEntry>,
        places: impl Iterator<Item = [f64; 2]>,
    ) -> Self {
        let page = Page::new(captions.title, CHART_WIDTH);
        let legend = Legend::new(entries, page.top(), CHART_WIDTH);
        let (xs, ys): (Vec<f64>, Vec<f64>) = places.map(|[x, y]| (x, y)).unzip();
        let top = legend.bottom + ABOVE_FRAME;
        let area = Area {
            left: MARGIN,
            right: CHART_WIDTH - MARGIN,
            top,
            bottom: top + HEIGHT,
        };
        let x = Axis::covering(Scale::Linear, xs, Room::even(0.04));
        let y = Axis::covering(Scale::Linear, ys, Room::even(0.08));
        Self {
            page,
            names: AxisNames {
                x: captions.x,
                y: captions.y,
            },
            legend,
            frame: Frame::new(x, y, area),
        }
    }

    /// The whole drawing, with `body` over the grid.
    pub(super) fn draw(self, body: Markup) -> String {
        self.page.draw(
            self.frame.area.bottom + BELOW_FRAME,
            html! {
                (self.legend.draw())
                (self.frame.grid(&self.names, &self.frame.x.ticks()))
                (body)
            },
        )
    }

    /// A short mark on the horizontal axis for each value.
    pub(super) fn draw_rug(&self, values: &[f64]) -> Markup {
        // Marks that fall on the same tenth of a unit are one mark.
        let position = |value: &f64| (self.frame.x.position(*value) * 10.0).round() as i64;
        let tenths: BTreeSet<i64> = values.iter().map(position).collect();
        let bottom = coordinate(self.frame.area.bottom);
        let mark = |tenth: &i64| format!("M{} {bottom}v-{RUG}", coordinate(*tenth as f64 / 10.0));
        let marks: String = tenths.iter().map(mark).collect();
        html! { path class="rug" d=(marks) stroke=(INK) stroke-opacity=(opacity(0.45)) stroke-width="0.8" {} }
    }
}
