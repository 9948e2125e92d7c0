//! Nodes, and the products that they form.

use maud::{Markup, html};
use secateurs_chart::{INK, PAPER, Place, coordinate, opacity};

use super::draw::{LEAST_CURVE, Scene, bow, ends};

impl Scene<'_> {
    /// Nodes with their products below; nodes that no shown edge touches are faint.
    pub(super) fn draw_nodes(&self, layer: usize) -> Markup {
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
                    (self.draw_factors(layer, node, *place))
                }
            }
        }
    }

    fn draw_factors(&self, layer: usize, node: usize, place: Place) -> Markup {
        let alpha = self.alpha(self.scores.nodes[layer].values()[node]).max(LEAST_CURVE);
        let below = layer.checked_sub(1).map(|before| {
            let width = self.kan.layers[before].width();
            (node >= width.sums, &self.layout.subnodes[before][width.subnodes(node)])
        });
        let is_product = below.is_some_and(|(is_product, _)| is_product);
        let subnodes = below.map_or(&[][..], |(_, subnodes)| subnodes);
        html! {
            @for subnode in subnodes.iter().filter(|subnode| subnode.y > place.y) {
                path d=(bow(*subnode, place)) fill="none" stroke=(INK) stroke-width="1.5" stroke-opacity=(opacity(alpha)) {}
                (draw_dot(*subnode, 3.2))
            }
            @if is_product { (draw_cross(place)) } @else { (draw_dot(place, 4.2)) }
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
}

fn draw_dot(place: Place, radius: f64) -> Markup {
    html! { circle class="sum" cx=(coordinate(place.x)) cy=(coordinate(place.y)) r=(radius) fill=(INK) {} }
}

fn draw_cross(place: Place) -> Markup {
    let (x, y) = (coordinate(place.x), coordinate(place.y));
    html! {
        g class="product" stroke=(INK) stroke-width="1.6" stroke-linecap="round" {
            circle cx=(x) cy=(y) r="9" fill=(PAPER) {}
            path d={ "M" (x) " " (y) "m-4 -4l8 8m0 -8l-8 8" } {}
        }
    }
}
