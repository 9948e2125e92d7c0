//! The drawing as SVG elements.

use maud::{Markup, html};

use super::curves::{Curve, Flow};
use super::labels::{Labels, SLANT, shortened};
use super::layout::{BOX, Layout, Place};
use super::{EdgeIndex, Names, PictureConfig};
use crate::layers::network::Kan;
use crate::scores::attribution::Attribution;
use crate::symbolic::edges::SymbolicEdges;

const INK: &str = "#1f2328";
const FAINT: &str = "#59636e";
const FRAME: &str = "#b6bec8";
const RED: &str = "#cf222e";
/// Alpha of the faintest line and of the faintest curve.
const LEAST_ALPHA: (f64, f64) = (0.06, 0.3);
/// From the frame of a box to its curve.
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
    pub(super) fn svg(&self) -> String {
        let (width, height) = self.layout.size;
        let size = format!("0 0 {} {}", number(width), number(height));
        let n_layers = self.kan.layers.len();
        let curves = || self.flow.curves.iter().flatten();
        let places = || self.layout.boxes.iter().flatten();
        html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(size) width=(number(width)) height=(number(height)) role="img"
                aria-label=(self.label())
                font-family="system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" font-size="13" {
                rect width=(number(width)) height=(number(height)) rx="8" fill="#ffffff" {}
                (self.heading())
                @for (curve, place) in curves().zip(places()) { (self.lines(curve, *place)) }
                @for (curve, place) in curves().zip(places()) { (self.edge(curve, *place)) }
                @for layer in 0..=n_layers { (self.nodes(layer)) }
                (labels(&self.names.inputs, (&self.layout.nodes[0], self.layout.inputs), 1.0))
                (labels(&self.names.outputs, (&self.layout.nodes[n_layers], self.layout.outputs), -1.0))
            }
        }
        .into_string()
    }

    fn label(&self) -> &str {
        match self.config.title.as_str() {
            "" => "Kolmogorov-Arnold network",
            title => title,
        }
    }

    fn heading(&self) -> Markup {
        let (title, caption) = self.layout.baselines;
        let (hidden, shown) = (self.flow.n_hidden(), self.flow.n_present - self.flow.n_hidden());
        html! {
            @if !self.config.title.is_empty() {
                text x=(self.layout.left) y=(title) font-size="16" font-weight="600" fill=(INK) { (self.config.title) }
            }
            @if hidden > 0 {
                text class="caption" x=(self.layout.left) y=(caption) font-size="12" fill=(FAINT) {
                    "the " (shown) " most important edges; " (hidden) " more are not shown"
                }
            }
        }
    }

    fn lines(&self, curve: &Curve, (x, y): Place) -> Markup {
        let edge = curve.edge;
        let from = self.layout.nodes[edge.layer][edge.input];
        let to = self.layout.subnodes[edge.layer][edge.subnode];
        let alpha = self.alpha(curve.score).max(LEAST_ALPHA.0);
        // Between rows of boxes lines are upright, so that they pass behind others at one place each.
        let (above, below) = self.layout.rows[edge.layer];
        let arrives = format!("{}V{}", bow(from, (x, below)), number(y + BOX / 2.0));
        let leaves = format!("M{} {}V{}", number(x), number(y - BOX / 2.0), number(above));
        let path = arrives + &leaves + &bow((x, above), to);
        html! {
            path d=(path) fill="none" stroke=(self.colour(curve)) stroke-width="1.5" stroke-opacity=(share(alpha)) {}
        }
    }

    fn edge(&self, curve: &Curve, (x, y): Place) -> Markup {
        let alpha = self.alpha(curve.score).max(LEAST_ALPHA.1);
        let corner = (x - BOX / 2.0, y - BOX / 2.0);
        html! {
            g class="edge" {
                title { (self.tooltip(curve)) }
                rect x=(number(corner.0)) y=(number(corner.1)) width=(BOX) height=(BOX) rx="5" fill="#ffffff"
                    stroke=(FRAME) {}
                path class="curve" d=(path(&curve.values, corner)) fill="none" stroke=(self.colour(curve))
                    stroke-width="2" stroke-opacity=(share(alpha)) stroke-linejoin="round" stroke-linecap="round" {}
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

    /// Nodes with their products below; those that no shown edge touches are faint.
    fn nodes(&self, layer: usize) -> Markup {
        let touched = |node: usize| {
            let leaves = self.flow.curves.get(layer).is_some_and(|curves| {
                let mut curves = curves.iter();
                curves.any(|curve| curve.edge.input == node)
            });
            let arrives = layer.checked_sub(1).is_some_and(|before| {
                let width = self.kan.layers[before].width();
                let mut curves = self.flow.curves[before].iter();
                curves.any(|curve| width.node_of(curve.edge.subnode) == node)
            });
            leaves || arrives
        };
        html! {
            @for (node, place) in self.layout.nodes[layer].iter().enumerate() {
                g class="node" opacity=(if touched(node) { "1" } else { "0.25" }) {
                    title { (self.node_tooltip(layer, node)) }
                    (self.factors((layer, node), *place))
                }
            }
        }
    }

    fn factors(&self, (layer, node): (usize, usize), place: Place) -> Markup {
        let alpha = self.alpha(self.scores.nodes[layer].values()[node]).max(LEAST_ALPHA.1);
        let below = layer.checked_sub(1).map(|before| {
            let width = self.kan.layers[before].width();
            (node >= width.sums, &self.layout.subnodes[before][width.subnodes(node)])
        });
        let is_product = below.is_some_and(|(is_product, _)| is_product);
        let subnodes = below.map_or(&[][..], |(_, subnodes)| subnodes);
        html! {
            @for subnode in subnodes.iter().filter(|subnode| subnode.1 > place.1) {
                path d=(bow(*subnode, place)) fill="none" stroke=(INK) stroke-width="1.5" stroke-opacity=(share(alpha)) {}
                (dot(*subnode, 3.2))
            }
            @if is_product { (cross(place)) } @else { (dot(place, 4.2)) }
        }
    }

    fn node_tooltip(&self, layer: usize, node: usize) -> String {
        let name = match layer {
            0 => self.names.inputs[node].clone(),
            layer if layer == self.kan.layers.len() => self.names.outputs[node].clone(),
            layer => format!("node {} of layer {layer}", node + 1),
        };
        let ([low, high], score) = (
            ends(self.flow.ranges[layer][node]),
            self.scores.nodes[layer].values()[node],
        );
        format!("{name}: score {score:.4}; from {low} to {high}")
    }

    fn alpha(&self, score: f64) -> f64 {
        (self.config.beta * score).tanh().clamp(0.0, 1.0)
    }

    fn colour(&self, curve: &Curve) -> &'static str {
        let EdgeIndex { layer, input, subnode } = curve.edge;
        let mut curves = self.kan.layers[layer].symbolic.iter().flat_map(SymbolicEdges::edges);
        let is_symbolic = curves.any(|edge| (edge.input, edge.subnode) == (input, subnode));
        if is_symbolic || self.config.symbolic.contains(&curve.edge) {
            RED
        } else {
            INK
        }
    }
}

/// Names below (`side` 1) or above (`side` -1) their nodes.
fn labels(names: &[String], (places, labels): (&[Place], Labels), side: f64) -> Markup {
    let anchor = match (labels.slanted, side > 0.0) {
        (false, _) => "middle",
        (true, true) => "end",
        (true, false) => "start",
    };
    html! {
        @for (name, (x, y)) in names.iter().zip(places) {
            @let y = y + if side > 0.0 { 22.0 } else { -12.0 };
            @let turn = format!("rotate(-{SLANT} {} {})", number(*x), number(y));
            text class="name" x=(number(*x)) y=(number(y)) text-anchor=(anchor) fill=(INK)
                transform=[labels.slanted.then_some(turn)] { title { (name) } (shortened(name)) }
        }
    }
}

/// A line that leaves and arrives upright.
fn bow((x, y): Place, (to_x, to_y): Place) -> String {
    let middle = number((y + to_y) / 2.0);
    format!(
        "M{x} {y}C{x} {middle} {to_x} {middle} {to_x} {to_y}",
        x = number(x),
        y = number(y),
        to_x = number(to_x),
        to_y = number(to_y)
    )
}

/// A curve that fills a box; flat in the middle if it is constant, with gaps where it is not finite.
fn path(values: &[f64], (left, top): Place) -> String {
    let [low, high] = extent(values);
    let (room, steps) = (BOX - 2.0 * PADDING, values.len().saturating_sub(1).max(1) as f64);
    let is_flat = high - low <= 1e-9 * low.abs().max(high.abs()).max(1e-9);
    let height = |value: f64| if is_flat { 0.5 } else { (high - value) / (high - low) };
    let mut path = String::new();
    let mut pen = 'M';
    for (at, value) in values.iter().enumerate() {
        if !value.is_finite() {
            pen = 'M';
            continue;
        }
        let x = left + PADDING + room * at as f64 / steps;
        let y = top + PADDING + room * height(*value);
        path.push_str(&format!("{pen}{x:.2} {y:.2}"));
        pen = 'L';
    }
    path
}

/// Least and greatest finite value.
fn extent(values: &[f64]) -> [f64; 2] {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let [low, high] = finite.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    if low <= high { [low, high] } else { [0.0, 0.0] }
}

fn dot((x, y): Place, radius: f64) -> Markup {
    html! { circle class="sum" cx=(number(x)) cy=(number(y)) r=(radius) fill=(INK) {} }
}

fn cross((x, y): Place) -> Markup {
    let (x, y) = (number(x), number(y));
    html! {
        g class="product" stroke=(INK) stroke-width="1.6" stroke-linecap="round" {
            circle cx=(x) cy=(y) r="9" fill="#ffffff" {}
            path d={ "M" (x) " " (y) "m-4 -4l8 8m0 -8l-8 8" } {}
        }
    }
}

/// A coordinate: one decimal is finer than any screen shows.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// Both ends of a range, with decimals that tell its ten-thousandths apart whatever its unit is.
fn ends([low, high]: [f64; 2]) -> [String; 2] {
    let magnitude = (high - low).log10();
    let decimals = match magnitude {
        4.0.. => 0,
        small if small < 0.0 && small.is_finite() => 4 + (-small) as usize,
        _ => 4,
    };
    [low, high].map(|end| format!("{end:.decimals$}"))
}

fn share(alpha: f64) -> String {
    format!("{alpha:.3}")
}
