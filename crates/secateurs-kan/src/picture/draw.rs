//! The drawing as SVG elements.

use maud::{Markup, html};
use secateurs_chart::{
    ACCENT, FAINT, INK, OUTLINE, PAPER, Page, Place, coordinate, draw_polyline, format_decimals, opacity,
};

use super::config::{EdgeIndex, Names, PictureConfig};
use super::curves::{Curve, Flow};
use super::labels::Side;
use super::layout::{BOX, Layout};
use crate::layers::network::Kan;
use crate::scores::attribution::Attribution;
use crate::symbolic::edges::SymbolicEdges;

/// Alpha of the faintest line.
const LEAST_LINE: f64 = 0.06;
/// Alpha of the faintest curve.
pub(super) const LEAST_CURVE: f64 = 0.3;
/// Gap between the frame of a box and its curve.
const PADDING: f64 = 5.0;

pub(super) struct Scene<'a> {
    pub(super) kan: &'a Kan,
    pub(super) flow: &'a Flow,
    pub(super) scores: &'a Attribution,
    pub(super) layout: &'a Layout,
    pub(super) names: &'a Names,
    pub(super) config: &'a PictureConfig,
}

impl Scene<'_> {
    pub(super) fn draw(&self) -> String {
        let (layout, names) = (self.layout, self.names);
        let n_layers = self.kan.layers.len();
        let curves = || self.flow.curves.iter().flatten();
        let places = || layout.boxes.iter().flatten();
        let inside = html! {
            @if self.flow.n_hidden() > 0 { (self.draw_caption()) }
            @for (curve, place) in curves().zip(places()) { (self.draw_lines(curve, *place)) }
            @for (curve, place) in curves().zip(places()) { (self.draw_edge(curve, *place)) }
            @for layer in 0..=n_layers { (self.draw_nodes(layer)) }
            (layout.inputs.draw(&names.inputs, &layout.nodes[0], Side::Below))
            (layout.outputs.draw(&names.outputs, &layout.nodes[n_layers], Side::Above))
        };
        Page::new(&self.config.title, layout.width)
            .label_if_untitled("Kolmogorov-Arnold network")
            .description(&self.describe())
            .natural_size()
            .draw(layout.height, inside)
    }

    /// Names of both ends and the number of functions between them.
    fn describe(&self) -> String {
        let (inputs, outputs) = (self.names.inputs.join(", "), self.names.outputs.join(", "));
        let shown = self.flow.n_present - self.flow.n_hidden();
        format!("A network from {inputs} to {outputs} with a curve on each of {shown} edges")
    }

    fn draw_caption(&self) -> Markup {
        let (hidden, shown) = (self.flow.n_hidden(), self.flow.n_present - self.flow.n_hidden());
        let Place { x, y } = self.layout.caption;
        html! {
            text class="caption" x=(x) y=(y) font-size="12" fill=(FAINT) {
                "the " (shown) " most important edges; " (hidden) " more are not shown"
            }
        }
    }

    fn draw_lines(&self, curve: &Curve, place: Place) -> Markup {
        let edge = curve.edge;
        let from = self.layout.nodes[edge.layer][edge.input];
        let to = self.layout.subnodes[edge.layer][edge.subnode];
        let alpha = self.alpha(curve.score).max(LEAST_LINE);
        // Between rows of boxes lines are upright, so that they pass behind others at one place each.
        let Place { x, y } = place;
        let band = self.layout.bands[edge.layer];
        let arrives = format!("{}V{}", bow(from, Place::new(x, band.below)), coordinate(y + BOX / 2.0));
        let leaves = format!(
            "M{} {}V{}",
            coordinate(x),
            coordinate(y - BOX / 2.0),
            coordinate(band.above)
        );
        let path = arrives + &leaves + &bow(Place::new(x, band.above), to);
        html! {
            path d=(path) fill="none" stroke=(self.colour(curve)) stroke-width="1.5" stroke-opacity=(opacity(alpha)) {}
        }
    }

    fn draw_edge(&self, curve: &Curve, place: Place) -> Markup {
        let alpha = self.alpha(curve.score).max(LEAST_CURVE);
        let corner = Place::new(place.x - BOX / 2.0, place.y - BOX / 2.0);
        html! {
            g class="edge" {
                title { (self.tooltip(curve)) }
                rect x=(coordinate(corner.x)) y=(coordinate(corner.y)) width=(BOX) height=(BOX) rx="5" fill=(PAPER)
                    stroke=(OUTLINE) {}
                path class="curve" d=(draw_curve(&curve.values, corner)) fill="none" stroke=(self.colour(curve))
                    stroke-width="2" stroke-opacity=(opacity(alpha)) stroke-linejoin="round" stroke-linecap="round" {}
            }
        }
    }

    fn tooltip(&self, curve: &Curve) -> String {
        let edge = curve.edge;
        let input = match edge.layer {
            0 => self.names.inputs[edge.input].clone(),
            layer => format!("node {} of layer {layer}", edge.input + 1),
        };
        let [low, high] = ends(self.flow.ranges[edge.layer][edge.input]);
        let [least, greatest] = ends(extent(&curve.values));
        format!(
            "layer {}, {input} to subnode {}: score {:.4}; from {low} to {high} it is between {least} and \
             {greatest}",
            edge.layer + 1,
            edge.subnode + 1,
            curve.score,
        )
    }

    pub(super) fn alpha(&self, score: f64) -> f64 {
        (self.config.beta * score).tanh().clamp(0.0, 1.0)
    }

    fn colour(&self, curve: &Curve) -> &'static str {
        let EdgeIndex { layer, input, subnode } = curve.edge;
        let mut curves = self.kan.layers[layer].symbolic.iter().flat_map(SymbolicEdges::edges);
        let is_symbolic = curves.any(|edge| (edge.input, edge.subnode) == (input, subnode));
        if is_symbolic || self.config.symbolic.contains(&curve.edge) {
            ACCENT
        } else {
            INK
        }
    }
}

/// A line that leaves and arrives upright.
pub(super) fn bow(from: Place, to: Place) -> String {
    let middle = coordinate((from.y + to.y) / 2.0);
    format!(
        "M{x} {y}C{x} {middle} {to_x} {middle} {to_x} {to_y}",
        x = coordinate(from.x),
        y = coordinate(from.y),
        to_x = coordinate(to.x),
        to_y = coordinate(to.y)
    )
}

/// A curve that fills a box; flat in the middle if it is constant, with gaps where it is not finite.
fn draw_curve(values: &[f64], corner: Place) -> String {
    let [low, high] = extent(values);
    let (room, steps) = (BOX - 2.0 * PADDING, values.len().saturating_sub(1).max(1) as f64);
    let is_flat = high - low <= 1e-9 * low.abs().max(high.abs()).max(1e-9);
    let height = |value: f64| if is_flat { 0.5 } else { (high - value) / (high - low) };
    draw_polyline(values.iter().enumerate().map(|(at, value)| {
        let x = corner.x + PADDING + room * at as f64 / steps;
        // A value that is not finite is a gap.
        let y = if value.is_finite() {
            corner.y + PADDING + room * height(*value)
        } else {
            f64::NAN
        };
        Place::new(x, y)
    }))
}

/// Least and greatest finite value.
fn extent(values: &[f64]) -> [f64; 2] {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let [low, high] = finite.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    if low <= high { [low, high] } else { [0.0, 0.0] }
}

/// Both ends of a range, with decimals that tell its ten-thousandths apart whatever its unit is.
pub(super) fn ends([low, high]: [f64; 2]) -> [String; 2] {
    let magnitude = (high - low).log10();
    let decimals = match magnitude {
        4.0.. => 0,
        small if small < 0.0 && small.is_finite() => 4 + (-small) as usize,
        _ => 4,
    };
    [low, high].map(|end| format_decimals(end, decimals))
}
