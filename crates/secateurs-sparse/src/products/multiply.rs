//! Products of a packed matrix with one vector or many.

use std::ops::Range;

use rayon::prelude::*;

use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::kernels::decode::Layout;
use crate::kernels::dot::DotDecoded;
use crate::products::input::Input;
use crate::products::lanes::Lanes;
use crate::products::many::{ManyProduct, multiply_many};
use crate::products::tile::Store;

/// Largest number of vectors for which products add in the same order as for one.
pub const SMALL_BATCH: usize = 16;

impl PackedMatrix {
    /// Multiplies all vectors `t` of the input, `y[t, o] = sum_i W[o, i] x[t, i]`, over the threads of the current
    /// rayon pool.
    ///
    /// # Shapes
    ///
    /// `input [n_vectors, d_input]`, `y [n_vectors, d_output]`. The result of a vector does not depend on how many there
    /// are, nor on the number of threads, nor on `level`, as long as there are at most [`SMALL_BATCH`] vectors.
    ///
    /// # Panics
    ///
    /// If the widths disagree.
    pub fn multiply(&self, level: Level, input: &Input, y: &mut [f32]) {
        let [d_output, d_input] = self.dims();
        assert_eq!(input.width(), d_input, "the input has the matrix's width");
        assert_eq!(y.len(), input.n_vectors() * d_output, "y has room for all outputs");
        let n_tasks = rayon::current_num_threads().max(1);
        let per_task = d_output.div_ceil(n_tasks).max(1);
        match input.n_vectors() {
            0 => {}
            1 => y.par_chunks_mut(per_task).enumerate().for_each(|(task, y)| {
                let start = task * per_task;
                self.dot(level, start..start + y.len(), input.padded(0), y);
            }),
            n_vectors if n_vectors > SMALL_BATCH => self.multiply_many(level, input, y),
            n_vectors => {
                let columns: Vec<Vec<f32>> = (0..d_output.div_ceil(per_task))
                    .into_par_iter()
                    .map(|task| {
                        let outputs = task * per_task..((task + 1) * per_task).min(d_output);
                        self.dot_few(level, outputs, input)
                    })
                    .collect();
                for (output, column) in columns.iter().flat_map(|task| task.chunks_exact(n_vectors)).enumerate() {
                    for (vector, value) in column.iter().enumerate() {
                        y[vector * d_output + output] = *value;
                    }
                }
            }
        }
    }

    /// Computes `[outputs, n_vectors]` from stored values: reads as many outputs as the nearest cache holds for one
    /// vector after the other.
    fn dot_each(&self, level: Level, outputs: Range<usize>, input: &Input) -> Vec<f32> {
        let n_vectors = input.n_vectors();
        let mut columns = vec![0.0; outputs.len() * n_vectors];
        let mut y = [0.0; NEAR];
        for (part, columns) in columns.chunks_mut(NEAR * n_vectors).enumerate() {
            let start = outputs.start + part * NEAR;
            let y = &mut y[..columns.len() / n_vectors];
            for vector in 0..n_vectors {
                self.dot(level, start..start + y.len(), input.padded(vector), y);
                for (column, y) in columns.chunks_exact_mut(n_vectors).zip(&*y) {
                    column[vector] = *y;
                }
            }
        }
        columns
    }

    /// Computes `[outputs, n_vectors]` from decoded outputs: decodes as many as the nearest cache holds at a time.
    fn dot_few(&self, level: Level, outputs: Range<usize>, input: &Input) -> Vec<f32> {
        if matches!(self, Self::Indexed(_)) {
            return self.dot_each(level, outputs, input);
        }
        let layout = Layout::plain(input.width());
        let mut weights = vec![0.0; layout.len(DECODED)];
        let mut columns = vec![0.0; outputs.len() * input.n_vectors()];
        for (start, y) in outputs
            .step_by(DECODED)
            .zip(columns.chunks_mut(DECODED * input.n_vectors()))
        {
            let n_outputs = y.len() / input.n_vectors();
            let weights = &mut weights[..layout.len(n_outputs)];
            self.decode(level, start..start + n_outputs, layout, weights);
            level.run(DotDecoded {
                weights,
                x: input.all_padded(),
                width: layout.width,
                ahead: self.value_bytes(start + n_outputs..start + 2 * n_outputs),
                y,
            });
        }
        columns
    }

    /// The stored values of some outputs; nothing for formats that are read value by value.
    fn value_bytes(&self, outputs: Range<usize>) -> &[u8] {
        let [d_output, d_input] = self.dims();
        let bytes = self.values().bytes();
        let bits = self.values().value_type().bits();
        let start = |output: usize| match self {
            Self::Dense(_) => output * (d_input * bits).div_ceil(8),
            Self::Bitmap(matrix) if output < d_output => matrix.parts().starts.of(output) * bits / 8,
            Self::Nm(matrix) if output < d_output => matrix.parts().starts.of(output) * bits / 8,
            _ => bytes.len(),
        };
        let range = start(outputs.start).min(bytes.len())..start(outputs.end).min(bytes.len());
        bytes.get(range).unwrap_or_default()
    }

    fn multiply_many(&self, level: Level, input: &Input, y: &mut [f32]) {
        let mut lanes = Lanes::zeros(input.n_vectors(), self.dims()[0]);
        let product = ManyProduct {
            matrix: self,
            y: &mut lanes,
            store: Store::Replace,
        };
        multiply_many(level, &Lanes::from_input(input), &mut [product]);
        lanes.write_vectors(y);
    }
}

/// Number of outputs with indices that are read for one vector before the next.
const NEAR: usize = 8;

/// Number of outputs decoded for all vectors before the next ones.
const DECODED: usize = 4;
