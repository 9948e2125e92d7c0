//! Weights prepared for multiplication by many vectors.

use std::ops::Range;

use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::kernels::decode::Layout;
use crate::kernels::tile::{Rows, TileProduct};
use crate::products::lanes::LANES;

/// Treatment of the results of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Replaces the previous values.
    Replace,
    /// Adds to the previous values.
    Add,
}

/// Weights as `f32`, in the order in which products with many vectors read them.
///
/// A product adds `W[o, i] x[i, v]` one after the other from `i = 0` on, each with one rounding. It therefore differs from
/// the exact sum by at most `n u / (1 - n u) sum_i |W[o, i] x[i, v]|` for `n` inputs and `u = 2^-24` (and what `y` held counts
/// as one more input).
#[derive(Debug, Clone)]
pub struct Tile {
    level: Level,
    layout: Layout,
    weights: Vec<f32>,
}

impl Tile {
    /// A tile without weights.
    pub fn new(level: Level) -> Self {
        Self {
            level,
            layout: Layout::grouped(Self::rows(level), 0),
            weights: Vec::new(),
        }
    }

    /// A tile with one output after the other; it cannot be multiplied.
    pub(crate) fn plain(level: Level) -> Self {
        Self {
            layout: Layout::plain(0),
            ..Self::new(level)
        }
    }

    pub(crate) fn level(&self) -> Level {
        self.level
    }

    /// Number of outputs that are multiplied together.
    pub(crate) fn rows(level: Level) -> usize {
        level.run(Rows)
    }

    /// Decodes the weights of some outputs of a matrix.
    pub(crate) fn decode(&mut self, matrix: &PackedMatrix, outputs: Range<usize>) {
        let (level, layout) = (self.level, self.resize([outputs.len(), matrix.dims()[1]]));
        matrix.decode(level, outputs, layout, &mut self.weights);
    }

    /// Resizes the tile; its weights keep earlier values until they are overwritten.
    pub(crate) fn resize(&mut self, [n_outputs, d_input]: [usize; 2]) -> Layout {
        self.layout = Layout::grouped(self.layout.rows, d_input);
        self.weights.resize(self.layout.len(n_outputs), 0.0);
        self.layout
    }

    pub(crate) fn weights_mut(&mut self) -> &mut [f32] {
        &mut self.weights
    }

    /// Computes `y[o, v] = sum_i W[o, i] x[i, v]` for the first outputs and inputs, as many as `y` and `x` have rows.
    ///
    /// # Panics
    ///
    /// If the tile has not as many outputs or inputs.
    pub fn multiply(&self, x: &[[f32; LANES]], store: Store, y: &mut [[f32; LANES]]) {
        self.level.run(TileProduct {
            layout: self.layout,
            weights: &self.weights,
            x,
            y,
            add: store == Store::Add,
        });
    }
}
