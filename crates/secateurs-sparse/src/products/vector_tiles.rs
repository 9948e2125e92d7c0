//! Lists of vectors as the weights of products with many vectors.

use crate::kernels::CHUNK;
use crate::kernels::decode::{Decode, Layout};
use crate::kernels::dense::Dense;
use crate::kernels::scales::Unscaled;
use crate::kernels::value::{F16, F32};
use crate::products::lanes::LANES;
use crate::products::tile::Tile;
use crate::products::vectors::{FloatVectors, VectorType};

impl FloatVectors {
    /// Appends the first `n_vectors` of a panel of [`Lanes`](crate::Lanes).
    ///
    /// # Panics
    ///
    /// If the panel has not the width of the vectors, or fewer of them.
    pub fn push_panel(&mut self, panel: &[[f32; LANES]], n_vectors: usize) {
        assert_eq!(panel.len(), self.width);
        let mut vector = vec![0.0; self.width];
        for lane in 0..n_vectors {
            vector.iter_mut().zip(panel).for_each(|(value, row)| *value = row[lane]);
            self.push(&vector);
        }
    }

    /// Makes the vectors the outputs of a tile, which then multiplies as [`dot`](Self::dot) does.
    pub fn tile(&self, tile: &mut Tile) {
        let layout = tile.resize([self.len(), self.width]);
        self.decode(layout, tile);
    }

    /// Makes the values of a vector the outputs of a tile and the vectors its inputs; the tile then multiplies as
    /// [`combine`](Self::combine) does.
    pub fn transposed_tile(&self, tile: &mut Tile) {
        let mut vectors = Tile::plain(tile.level());
        let plain = vectors.resize([self.len(), self.width]);
        self.decode(plain, &mut vectors);
        let layout = tile.resize([self.width, self.len()]);
        let weights = tile.weights_mut();
        for (vector, values) in vectors.weights_mut().chunks_exact(plain.width).enumerate() {
            let column = vector / CHUNK * layout.step() + vector % CHUNK;
            for (output, value) in values[..self.width].iter().enumerate() {
                weights[layout.start(output) + column] = *value;
            }
        }
    }

    fn decode(&self, layout: Layout, tile: &mut Tile) {
        let (level, outputs) = (tile.level(), 0..self.len());
        match self.vector_type {
            VectorType::F32 => level.run(Decode {
                source: Dense::<F32, _>::new(&self.bytes, self.width, Unscaled),
                outputs,
                first: 0,
                layout,
                weights: tile.weights_mut(),
            }),
            VectorType::F16 => level.run(Decode {
                source: Dense::<F16, _>::new(&self.bytes, self.width, Unscaled),
                outputs,
                first: 0,
                layout,
                weights: tile.weights_mut(),
            }),
        }
    }
}
