//! Non-zero weights, for products with many vectors.

use std::ops::Range;

use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::kernels::decode::Layout;
use crate::kernels::skip::{Compress, Entry, SkipProduct};
use crate::products::lanes::LANES;
use crate::products::tile::Store;

/// The non-zero weights of some outputs, with their inputs.
#[derive(Debug)]
pub(crate) struct SkippingTile {
    level: Level,
    plain: Vec<f32>,
    entries: Vec<Entry>,
    ends: Vec<usize>,
}

impl SkippingTile {
    pub(crate) fn new(level: Level) -> Self {
        Self {
            level,
            plain: Vec::new(),
            entries: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Whether a matrix has so few non-zero weights that skipping zeros pays.
    pub(crate) fn pays(matrix: &PackedMatrix) -> bool {
        let [d_output, d_input] = matrix.dims();
        matrix.n_values() < (d_output * d_input) / SPARSE
    }

    pub(crate) fn decode(&mut self, matrix: &PackedMatrix, outputs: Range<usize>) {
        let layout = Layout::plain(matrix.dims()[1]);
        self.plain.resize(layout.width, 0.0);
        self.entries.clear();
        self.ends.clear();
        for output in outputs {
            matrix.decode(self.level, output..output + 1, layout, &mut self.plain);
            self.level.run(Compress {
                weights: &self.plain,
                entries: &mut self.entries,
            });
            self.ends.push(self.entries.len());
        }
    }

    /// Multiplies as [`Tile::multiply`](crate::Tile::multiply) does, with the same bits where all of `x` is finite.
    pub(crate) fn multiply(&self, x: &[[f32; LANES]], store: Store, y: &mut [[f32; LANES]]) {
        self.level.run(SkipProduct {
            ends: &self.ends,
            entries: &self.entries,
            x,
            y,
            add: store == Store::Add,
        });
    }
}

/// Least ratio of all weights to non-zero ones at which zeros are skipped: a skipping product takes three to four times
/// as long per weight as a dense one.
const SPARSE: usize = 4;
