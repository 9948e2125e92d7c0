//! Panels of vectors that lie side by side.

use rayon::prelude::*;

use crate::kernels::CHUNK;
use crate::products::input::Input;

/// Number of vectors that lie side by side.
pub const LANES: usize = CHUNK;

/// Vectors of one width, 32 side by side in a panel.
///
/// A panel has one row of 32 lanes for every value of a vector: row `j` holds value `j` of 32 vectors. Products with many
/// vectors are computed in this layout, and so is what lies between them: a loop over a row vectorises without sums across
/// lanes. Lanes after the last vector hold anything.
///
/// # Examples
///
/// ```
/// use secateurs_sparse::Lanes;
///
/// let lanes = Lanes::from_vectors(&[1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 3);
/// assert_eq!((lanes.n_vectors(), lanes.n_panels()), (2, 1));
/// assert_eq!(lanes.panel(0)[1][..2], [2.0, 20.0]);
/// assert_eq!(lanes.to_vectors(), [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Lanes {
    rows: Vec<[f32; LANES]>,
    width: usize,
    n_vectors: usize,
}

impl Lanes {
    /// Creates `n_vectors` zero vectors of `width` values.
    pub fn zeros(n_vectors: usize, width: usize) -> Self {
        Self {
            rows: vec![[0.0; LANES]; n_vectors.div_ceil(LANES) * width],
            width,
            n_vectors,
        }
    }

    /// Arranges vectors of `width` values, one after the other, in panels.
    ///
    /// # Panics
    ///
    /// If `values` does not hold whole vectors.
    pub fn from_vectors(values: &[f32], width: usize) -> Self {
        let n_vectors = values.len().checked_div(width).unwrap_or(0);
        assert_eq!(values.len(), n_vectors * width, "values hold whole vectors");
        Self::from_strided(values, width, [n_vectors, width])
    }

    pub(crate) fn from_input(input: &Input) -> Self {
        let stride = input.width().next_multiple_of(CHUNK);
        Self::from_strided(input.all_padded(), stride, [input.n_vectors(), input.width()])
    }

    fn from_strided(values: &[f32], stride: usize, [n_vectors, width]: [usize; 2]) -> Self {
        let mut lanes = Self::zeros(n_vectors, width);
        if width > 0 {
            let panels = lanes.rows.par_chunks_mut(width).zip(values.par_chunks(LANES * stride));
            panels.for_each(|(panel, values)| {
                for (block, rows) in panel.chunks_mut(BLOCK).enumerate() {
                    for (lane, vector) in values.chunks(stride).enumerate() {
                        let values = &vector[block * BLOCK..];
                        rows.iter_mut().zip(values).for_each(|(row, value)| row[lane] = *value);
                    }
                }
            });
        }
        lanes
    }

    /// The vectors one after the other, `[n_vectors, width]`.
    pub fn to_vectors(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.n_vectors * self.width];
        self.write_vectors(&mut values);
        values
    }

    pub(crate) fn write_vectors(&self, values: &mut [f32]) {
        if self.width == 0 {
            return;
        }
        let panels = self.rows.par_chunks(self.width);
        panels
            .zip(values.par_chunks_mut(LANES * self.width))
            .for_each(|(panel, values)| {
                for (block, rows) in panel.chunks(BLOCK).enumerate() {
                    for (lane, vector) in values.chunks_exact_mut(self.width).enumerate() {
                        let values = &mut vector[block * BLOCK..];
                        rows.iter().zip(values).for_each(|(row, value)| *value = row[lane]);
                    }
                }
            });
    }

    /// Values of each vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of vectors.
    pub fn n_vectors(&self) -> usize {
        self.n_vectors
    }

    /// Number of panels.
    pub fn n_panels(&self) -> usize {
        self.n_vectors.div_ceil(LANES)
    }

    /// One panel, `[width, 32]`.
    pub fn panel(&self, index: usize) -> &[[f32; LANES]] {
        &self.rows[index * self.width..(index + 1) * self.width]
    }

    /// All panels, `[n_panels, width, 32]`.
    pub fn rows(&self) -> &[[f32; LANES]] {
        &self.rows
    }

    /// All panels, mutable.
    pub fn rows_mut(&mut self) -> &mut [[f32; LANES]] {
        &mut self.rows
    }

    /// One vector.
    pub fn vector(&self, index: usize) -> Vec<f32> {
        let rows = self.panel(index / LANES);
        rows.iter().map(|row| row[index % LANES]).collect()
    }
}

/// Number of values of a vector that are moved before the next vector's.
const BLOCK: usize = 16;
