//! Where everything stands.

use super::Names;
use super::curves::{Curve, Flow};
use super::labels::{LETTER_WIDTH, Labels};
use crate::layers::network::Kan;
use crate::layers::nodes::Width;

/// Side of a box.
pub(super) const BOX: f64 = 46.0;
/// Between boxes of one row.
const GAP: f64 = 14.0;
/// Between rows of boxes.
const ROW_GAP: f64 = 12.0;
/// Boxes in a row; a layer with more has more rows, shifted against each other.
const MOST_IN_ROW: usize = 30;
/// Between nodes of one row, at least.
const COLUMN: f64 = 42.0;
const MARGIN: f64 = 28.0;
const LEAST_WIDTH: f64 = 300.0;
/// From factors up to their product.
const PRODUCT_RISE: f64 = 38.0;
const TITLE_HEIGHT: f64 = 32.0;
const CAPTION_HEIGHT: f64 = 20.0;

/// A place in the drawing.
pub(super) type Place = (f64, f64);

/// Places of nodes and boxes.
pub(super) struct Layout {
    pub(super) size: (f64, f64),
    /// Of the inputs, then of the nodes of each layer.
    pub(super) nodes: Vec<Vec<Place>>,
    /// Of the subnodes of each layer.
    pub(super) subnodes: Vec<Vec<Place>>,
    /// Middles of the boxes of each layer.
    pub(super) boxes: Vec<Vec<Place>>,
    /// Heights of the upper and the lower edge of all boxes of each layer.
    pub(super) rows: Vec<(f64, f64)>,
    pub(super) inputs: Labels,
    pub(super) outputs: Labels,
    /// Baselines of title and caption.
    pub(super) baselines: (f64, f64),
    pub(super) left: f64,
}

impl Layout {
    pub(super) fn new(kan: &Kan, flow: &Flow, (names, title): (&Names, &str)) -> Self {
        let widths = kan.widths();
        let inner = inner_width(&widths, flow, title);
        let inputs = Labels::fitting(&names.inputs, inner / names.inputs.len() as f64);
        let outputs = Labels::fitting(&names.outputs, inner / names.outputs.len() as f64);
        let half_column = |count: usize| inner / (2 * count) as f64;
        let left = MARGIN + (inputs.reach - half_column(names.inputs.len())).max(0.0);
        let right = MARGIN + (outputs.reach - half_column(names.outputs.len())).max(0.0);
        let has_caption = flow.n_hidden() > 0;
        let title_height = if title.is_empty() { 0.0 } else { TITLE_HEIGHT };
        let caption_height = if has_caption { CAPTION_HEIGHT } else { 0.0 };
        let top = 14.0 + title_height + caption_height + outputs.height + 14.0;
        let mut column = Column {
            span: (left, inner),
            rise: (inner * 0.05).clamp(36.0, 84.0),
            y: 0.0,
        };
        let mut layout = Self {
            size: (left + inner + right, 0.0),
            nodes: vec![column.spread(widths[0].n_nodes())],
            subnodes: Vec::new(),
            boxes: Vec::new(),
            rows: Vec::new(),
            inputs,
            outputs,
            baselines: (title_height + 2.0, 16.0 + title_height + 4.0),
            left: MARGIN,
        };
        for (layer, width) in widths[1..].iter().enumerate() {
            layout.add_layer(&mut column, *width, &flow.curves[layer]);
        }
        let down = top - column.y;
        layout.size.1 = down + 14.0 + inputs.height + 20.0;
        layout.move_down(down);
        layout
    }

    fn add_layer(&mut self, column: &mut Column, width: Width, curves: &[Curve]) {
        let rows = curves.len().div_ceil(MOST_IN_ROW).max(1);
        let below = column.y - column.rise - BOX / 2.0;
        let above = below - (rows - 1) as f64 * (BOX + ROW_GAP);
        self.rows.push((above - BOX / 2.0, below + BOX / 2.0));
        column.y = above - BOX / 2.0 - column.rise;
        let subnodes = column.spread(width.n_subnodes());
        let inputs = &self.nodes[self.nodes.len() - 1];
        let wanted: Vec<f64> = curves
            .iter()
            .map(|curve| (inputs[curve.edge.input].0 + subnodes[curve.edge.subnode].0) / 2.0)
            .collect();
        let xs = apart(&wanted, (BOX + GAP) / rows as f64, column.span);
        let y_of = |at: usize| below - (at % rows) as f64 * (BOX + ROW_GAP);
        self.boxes
            .push(xs.into_iter().enumerate().map(|(at, x)| (x, y_of(at))).collect());
        if width.products > 0 {
            column.y -= PRODUCT_RISE;
        }
        let middle = |node: usize| {
            let of_node = &subnodes[width.subnodes(node)];
            let x = of_node.iter().map(|place| place.0).sum::<f64>() / of_node.len() as f64;
            (x, column.y)
        };
        self.nodes.push((0..width.n_nodes()).map(middle).collect());
        self.subnodes.push(subnodes);
    }

    fn move_down(&mut self, by: f64) {
        let rows = [&mut self.nodes, &mut self.subnodes, &mut self.boxes];
        for place in rows.into_iter().flatten().flatten() {
            place.1 += by;
        }
        for (above, below) in &mut self.rows {
            (*above, *below) = (*above + by, *below + by);
        }
    }
}

/// The drawing grows upwards from the inputs at height 0.
struct Column {
    /// Left end and width.
    span: (f64, f64),
    /// Height of the lines between nodes and boxes.
    rise: f64,
    y: f64,
}

impl Column {
    /// Places at equal distances at the current height.
    fn spread(&self, count: usize) -> Vec<Place> {
        let (left, width) = self.span;
        let x = |at: usize| left + width * (at as f64 + 0.5) / count as f64;
        (0..count).map(|at| (x(at), self.y)).collect()
    }
}

/// Room for the longest row and the title.
fn inner_width(widths: &[Width], flow: &Flow, title: &str) -> f64 {
    let columns = widths.iter().map(|width| width.n_subnodes() as f64 * COLUMN);
    let boxes = flow.curves.iter().map(|curves| {
        let rows = curves.len().div_ceil(MOST_IN_ROW).max(1);
        curves.len() as f64 * (BOX + GAP) / rows as f64 + BOX
    });
    let title = 1.3 * LETTER_WIDTH * title.chars().count() as f64;
    columns.chain(boxes).fold(LEAST_WIDTH.max(title), f64::max)
}

/// Places in the given order, at least `step` apart and inside the span, with the least squared distance from those
/// wanted: a monotone regression of `wanted[k] - k * step`.
fn apart(wanted: &[f64], step: f64, (left, width): (f64, f64)) -> Vec<f64> {
    let mut groups: Vec<(f64, usize)> = Vec::new(); // (sum, count)
    for (at, wanted) in wanted.iter().enumerate() {
        let mut last = (wanted - at as f64 * step, 1);
        while let Some(&before) = groups.last() {
            if before.0 / (before.1 as f64) <= last.0 / last.1 as f64 {
                break;
            }
            groups.pop();
            last = (before.0 + last.0, before.1 + last.1);
        }
        groups.push(last);
    }
    let room = wanted.len().saturating_sub(1) as f64 * step;
    let (first, last) = (left + BOX / 2.0, left + width - BOX / 2.0 - room);
    let means = groups
        .iter()
        .flat_map(|&(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    means
        .enumerate()
        .map(|(at, mean)| mean.min(last).max(first) + at as f64 * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_stand_where_they_are_wanted_unless_they_would_touch() {
        let places = apart(&[100.0, 110.0, 300.0], 60.0, (0.0, 500.0));
        assert_eq!(places, [75.0, 135.0, 300.0]);
        let places = apart(&[10.0, 10.0, 490.0], 60.0, (0.0, 500.0));
        assert_eq!(places, [23.0, 83.0, 477.0]);
    }
}
