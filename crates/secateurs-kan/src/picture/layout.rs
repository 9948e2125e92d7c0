//! Places of nodes, boxes and names.

use secateurs_chart::{MARGIN, Page, Place, Span, least_width, spread_apart};

use super::config::Names;
use super::curves::{Curve, Flow};
use super::labels::Labels;
use crate::layers::network::Kan;
use crate::layers::nodes::Width;

/// Side of a box.
pub(super) const BOX: f64 = 46.0;
/// Gap between boxes of one row.
const GAP: f64 = 14.0;
/// Gap between rows of boxes.
const ROW_GAP: f64 = 12.0;
/// Boxes in a row; a layer with more has more rows, shifted against each other.
const MOST_IN_ROW: usize = 30;
/// Least distance between nodes of one row.
const COLUMN: f64 = 42.0;
/// Gap between the edge of the sheet and the names of the first and the last node.
const SIDE: f64 = 28.0;
const LEAST_WIDTH: f64 = 300.0;
/// Height from factors up to their product.
const PRODUCT_RISE: f64 = 38.0;
const CAPTION_HEIGHT: f64 = 20.0;

/// Upper and lower edge of all boxes of a layer.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub(super) above: f64,
    pub(super) below: f64,
}

/// Places of nodes and boxes.
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The inputs, then the nodes of each layer.
    pub(super) nodes: Vec<Vec<Place>>,
    /// The subnodes of each layer.
    pub(super) subnodes: Vec<Vec<Place>>,
    /// Middles of the boxes of each layer.
    pub(super) boxes: Vec<Vec<Place>>,
    pub(super) bands: Vec<Band>,
    pub(super) inputs: Labels,
    pub(super) outputs: Labels,
    /// Left end of the caption's baseline.
    pub(super) caption: Place,
}

impl Layout {
    pub(super) fn new(kan: &Kan, flow: &Flow, names: &Names, title: &str) -> Self {
        let widths = kan.widths();
        let inner = inner_width(&widths, flow, title);
        let inputs = Labels::fitting(&names.inputs, inner / names.inputs.len() as f64);
        let outputs = Labels::fitting(&names.outputs, inner / names.outputs.len() as f64);
        let half_column = |count: usize| inner / (2 * count) as f64;
        let left = SIDE + (inputs.reach - half_column(names.inputs.len())).max(0.0);
        let right = SIDE + (outputs.reach - half_column(names.outputs.len())).max(0.0);
        let title_bottom = Page::new(title, left + inner + right).top();
        let caption_height = if flow.n_hidden() > 0 { CAPTION_HEIGHT } else { 0.0 };
        let top = title_bottom + 6.0 + caption_height + outputs.height + 14.0;
        let mut column = Column {
            span: Span { left, width: inner },
            rise: (inner * 0.05).clamp(36.0, 84.0),
            y: 0.0,
        };
        let mut layout = Self {
            width: left + inner + right,
            height: 0.0,
            nodes: vec![column.spread(widths[0].n_nodes())],
            subnodes: Vec::new(),
            boxes: Vec::new(),
            bands: Vec::new(),
            inputs,
            outputs,
            caption: Place::new(MARGIN, title_bottom + 12.0),
        };
        for (layer, width) in widths[1..].iter().enumerate() {
            layout.add_layer(&mut column, *width, &flow.curves[layer]);
        }
        let down = top - column.y;
        layout.height = down + 14.0 + inputs.height + 20.0;
        layout.move_down(down);
        layout
    }

    fn add_layer(&mut self, column: &mut Column, width: Width, curves: &[Curve]) {
        let rows = curves.len().div_ceil(MOST_IN_ROW).max(1);
        let below = column.y - column.rise - BOX / 2.0;
        let above = below - (rows - 1) as f64 * (BOX + ROW_GAP);
        self.bands.push(Band {
            above: above - BOX / 2.0,
            below: below + BOX / 2.0,
        });
        column.y = above - BOX / 2.0 - column.rise;
        let subnodes = column.spread(width.n_subnodes());
        let inputs = &self.nodes[self.nodes.len() - 1];
        let wanted: Vec<f64> = curves
            .iter()
            .map(|curve| (inputs[curve.edge.input].x + subnodes[curve.edge.subnode].x) / 2.0)
            .collect();
        let span = Span {
            left: column.span.left + BOX / 2.0,
            width: column.span.width - BOX,
        };
        let xs = spread_apart(&wanted, (BOX + GAP) / rows as f64, span);
        let place = |(at, x)| Place::new(x, below - (at % rows) as f64 * (BOX + ROW_GAP));
        self.boxes.push(xs.into_iter().enumerate().map(place).collect());
        if width.products > 0 {
            column.y -= PRODUCT_RISE;
        }
        let middle = |node: usize| {
            let of_node = &subnodes[width.subnodes(node)];
            let x = of_node.iter().map(|place| place.x).sum::<f64>() / of_node.len() as f64;
            Place::new(x, column.y)
        };
        self.nodes.push((0..width.n_nodes()).map(middle).collect());
        self.subnodes.push(subnodes);
    }

    fn move_down(&mut self, by: f64) {
        let rows = [&mut self.nodes, &mut self.subnodes, &mut self.boxes];
        for place in rows.into_iter().flatten().flatten() {
            place.y += by;
        }
        for band in &mut self.bands {
            band.above += by;
            band.below += by;
        }
    }
}

/// The drawing grows upwards from the inputs at height 0.
struct Column {
    span: Span,
    /// Height of the lines between nodes and boxes.
    rise: f64,
    y: f64,
}

impl Column {
    /// Places at equal distances at the current height.
    fn spread(&self, count: usize) -> Vec<Place> {
        let Span { left, width } = self.span;
        let x = |at: usize| left + width * (at as f64 + 0.5) / count as f64;
        (0..count).map(|at| Place::new(x(at), self.y)).collect()
    }
}

/// Room for the longest row and the title.
fn inner_width(widths: &[Width], flow: &Flow, title: &str) -> f64 {
    let columns = widths.iter().map(|width| width.n_subnodes() as f64 * COLUMN);
    let boxes = flow.curves.iter().map(|curves| {
        let rows = curves.len().div_ceil(MOST_IN_ROW).max(1);
        curves.len() as f64 * (BOX + GAP) / rows as f64 + BOX
    });
    columns.chain(boxes).fold(LEAST_WIDTH.max(least_width(title)), f64::max)
}
