//! Products with many vectors.

use std::ops::Range;
use std::sync::Mutex;

use rayon::prelude::*;

use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::products::lanes::{LANES, Lanes};
use crate::products::skipping::SkippingTile;
use crate::products::tile::{Store, Tile};

/// One of the products of [`multiply_many`].
#[derive(Debug)]
pub struct ManyProduct<'a> {
    /// The matrix, `[d_output, d_input]`.
    pub matrix: &'a PackedMatrix,
    /// The results, `d_output` wide.
    pub y: &'a mut Lanes,
    /// Treatment of the results.
    pub store: Store,
}

/// Multiplies several matrices by the same vectors, over the threads of the current rayon pool.
///
/// Weights are decoded to [`Tile`]s that the cache holds; where fewer than a quarter of the weights are not zero, the others
/// are skipped. Every sum runs over the inputs in order, so that a result has the same bits on every processor, with any
/// number of threads, and whatever vectors run beside it; [`Tile`] says how far it may be from the exact sum.
///
/// # Panics
///
/// If a matrix has not the width of `x`, or `y` not the matrix's outputs or the number of vectors.
pub fn multiply_many(level: Level, x: &Lanes, products: &mut [ManyProduct<'_>]) {
    let mut pieces = Vec::new();
    for product in products {
        let [d_output, d_input] = product.matrix.dims();
        assert_eq!(d_input, x.width(), "x has the matrix's width");
        assert_eq!((product.y.width(), product.y.n_vectors()), (d_output, x.n_vectors()));
        split(level, product, &mut pieces);
    }
    let n_threads = rayon::current_num_threads().min(pieces.len());
    let pieces = Mutex::new(pieces.into_iter());
    let next = || pieces.lock().ok().and_then(|mut pieces| pieces.next());
    (0..n_threads).into_par_iter().with_max_len(1).for_each(|_| {
        let (mut dense, mut skipping) = (Tile::new(level), SkippingTile::new(level));
        while let Some(piece) = next() {
            if SkippingTile::pays(piece.matrix) {
                skipping.decode(piece.matrix, piece.outputs.clone());
                piece.multiply(x, |x, store, y| skipping.multiply(x, store, y));
            } else {
                dense.decode(piece.matrix, piece.outputs.clone());
                piece.multiply(x, |x, store, y| dense.multiply(x, store, y));
            }
        }
    });
}

/// A piece of a product: some outputs of one matrix.
struct Piece<'a> {
    matrix: &'a PackedMatrix,
    outputs: Range<usize>,
    store: Store,
    /// Rows of these outputs in every panel.
    y: Vec<&'a mut [[f32; LANES]]>,
}

impl Piece<'_> {
    fn multiply(self, x: &Lanes, product: impl Fn(&[[f32; LANES]], Store, &mut [[f32; LANES]])) {
        for (panel, y) in self.y.into_iter().enumerate() {
            product(x.panel(panel), self.store, y);
        }
    }
}

/// Splits a product into pieces whose weights the cache holds, enough for all threads.
fn split<'a>(level: Level, product: &'a mut ManyProduct<'_>, pieces: &mut Vec<Piece<'a>>) {
    let [d_output, d_input] = product.matrix.dims();
    if d_output == 0 {
        return;
    }
    let near = TILE / d_input.max(1);
    let share = d_output.div_ceil(PIECES * rayon::current_num_threads().max(1));
    let rows = Tile::rows(level);
    let height = (near.min(share) / rows).max(1) * rows;
    let first = pieces.len();
    pieces.extend((0..d_output).step_by(height).map(|start| Piece {
        matrix: product.matrix,
        outputs: start..d_output.min(start + height),
        store: product.store,
        y: Vec::new(),
    }));
    for panel in product.y.rows_mut().chunks_mut(d_output) {
        for (piece, y) in pieces[first..].iter_mut().zip(panel.chunks_mut(height)) {
            piece.y.push(y);
        }
    }
}

/// Largest number of decoded weights of a tile: with the panel that they are multiplied by they take half of a usual L2
/// cache.
const TILE: usize = 64 * 1024;

/// Least number of pieces of a product per thread, so that threads end together.
const PIECES: usize = 6;
