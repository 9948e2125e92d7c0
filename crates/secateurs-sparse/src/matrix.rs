//! A matrix in any of the formats, and products with it.

use std::fmt;
use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use crate::bitmap::{BitmapMatrix, Tail};
use crate::dense::DenseMatrix;
use crate::error::SparseError;
use crate::indexed::IndexedMatrix;
use crate::input::Input;
use crate::kernels::decode::Decode;
use crate::kernels::dense::Dense;
use crate::kernels::dot::{Dot, DotDecoded};
use crate::kernels::indexed::{DotIndexed, Indexed};
use crate::kernels::masked::{Masked, Span, Starts};
use crate::kernels::scales::{Scales, Unscaled};
use crate::kernels::value::{Bf16, F16, F32, Int4, Int8};
use crate::kernels::{CHUNK, Level};
use crate::nm::{GroupPattern, NmMatrix};
use crate::value_type::ValueType;
use crate::values::Values;

/// A weight matrix `[d_output, d_input]` in one of the formats.
#[derive(Debug, Clone, PartialEq)]
pub enum PackedMatrix {
    /// Every weight stored.
    Dense(DenseMatrix),
    /// One bit for every weight, and the values of those that are not zero.
    Bitmap(BitmapMatrix),
    /// The same number of values in every group.
    Nm(NmMatrix),
    /// Values with 16-bit indices.
    Indexed(IndexedMatrix),
}

/// How a matrix is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// [`DenseMatrix`]
    Dense,
    /// [`BitmapMatrix`]
    Bitmap,
    /// [`NmMatrix`]
    Nm(GroupPattern),
    /// [`IndexedMatrix`]
    Indexed,
}

/// `dense`, `bitmap`, `2:4`, `indexed`.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense => f.write_str("dense"),
            Self::Bitmap => f.write_str("bitmap"),
            Self::Nm(pattern) => write!(f, "{}:{}", pattern.keep(), pattern.group()),
            Self::Indexed => f.write_str("indexed"),
        }
    }
}

impl PackedMatrix {
    /// Packs `weights [d_output, d_input]`.
    ///
    /// # Errors
    ///
    /// As for the `pack` of the format.
    pub fn pack(weights: &[f32], dims: [usize; 2], format: Format, value_type: ValueType) -> Result<Self, SparseError> {
        Ok(match format {
            Format::Dense => Self::Dense(DenseMatrix::pack(weights, dims, value_type)?),
            Format::Bitmap => Self::Bitmap(BitmapMatrix::pack(weights, dims, value_type)?),
            Format::Nm(pattern) => Self::Nm(NmMatrix::pack(weights, dims, pattern, value_type)?),
            Format::Indexed => Self::Indexed(IndexedMatrix::pack(weights, dims, value_type)?),
        })
    }

    /// `[d_output, d_input]`
    pub fn dims(&self) -> [usize; 2] {
        match self {
            Self::Dense(matrix) => matrix.dims(),
            Self::Bitmap(matrix) => matrix.dims(),
            Self::Nm(matrix) => matrix.dims(),
            Self::Indexed(matrix) => matrix.dims(),
        }
    }

    /// The stored values.
    pub fn values(&self) -> &Values {
        match self {
            Self::Dense(matrix) => matrix.values(),
            Self::Bitmap(matrix) => matrix.values(),
            Self::Nm(matrix) => matrix.values(),
            Self::Indexed(matrix) => matrix.values(),
        }
    }

    /// Bytes of all parts: what a product reads.
    pub fn n_bytes(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.n_bytes(),
            Self::Bitmap(matrix) => matrix.n_bytes(),
            Self::Nm(matrix) => matrix.n_bytes(),
            Self::Indexed(matrix) => matrix.n_bytes(),
        }
    }

    /// The number of weights that are zero.
    pub fn n_zeros(&self, level: Level) -> usize {
        let [d_output, d_input] = self.dims();
        let mut padded = vec![0.0; d_input.next_multiple_of(CHUNK)];
        let zeros = |output: usize| {
            self.decode(level, output..output + 1, &mut padded);
            padded[..d_input].iter().filter(|weight| **weight == 0.0).count()
        };
        (0..d_output).map(zeros).sum()
    }

    /// The weights as they are stored, `[d_output, d_input]`.
    pub fn unpack(&self, level: Level) -> Vec<f32> {
        let [d_output, d_input] = self.dims();
        let mut weights = Vec::with_capacity(d_output * d_input);
        let mut padded = vec![0.0; d_input.next_multiple_of(CHUNK)];
        for output in 0..d_output {
            self.decode(level, output..output + 1, &mut padded);
            weights.extend_from_slice(&padded[..d_input]);
        }
        weights
    }

    /// The weights of one output, as they are stored.
    ///
    /// # Panics
    ///
    /// If there is no such output, or `weights` has not `d_input` values.
    pub fn output(&self, level: Level, output: usize, weights: &mut [f32]) {
        let [d_output, d_input] = self.dims();
        assert!(output < d_output && weights.len() == d_input);
        if d_input.is_multiple_of(CHUNK) {
            self.decode(level, output..output + 1, weights);
        } else {
            let mut padded = vec![0.0; d_input.next_multiple_of(CHUNK)];
            self.decode(level, output..output + 1, &mut padded);
            weights.copy_from_slice(&padded[..d_input]);
        }
    }

    /// `y[t, o] = sum_i W[o, i] x[t, i]` for all vectors `t` of the input, over the threads of the current rayon pool.
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
            n_vectors => {
                let columns: Vec<Vec<f32>> = (0..d_output.div_ceil(per_task))
                    .into_par_iter()
                    .map(|task| {
                        let outputs = task * per_task..((task + 1) * per_task).min(d_output);
                        self.dot_all(level, outputs, input)
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

    /// `[outputs, n_vectors]`
    fn dot_all(&self, level: Level, outputs: Range<usize>, input: &Input) -> Vec<f32> {
        if input.n_vectors() <= SMALL_BATCH {
            self.dot_few(level, outputs, input)
        } else {
            self.dot_many(level, outputs, input)
        }
    }

    /// Decodes one output after the other.
    fn dot_few(&self, level: Level, outputs: Range<usize>, input: &Input) -> Vec<f32> {
        let mut weights = vec![0.0; input.width().next_multiple_of(CHUNK)];
        let mut columns = vec![0.0; outputs.len() * input.n_vectors()];
        for (output, y) in outputs.zip(columns.chunks_exact_mut(input.n_vectors())) {
            self.decode(level, output..output + 1, &mut weights);
            level.run(DotDecoded {
                weights: &weights,
                x: input.all_padded(),
                y,
            });
        }
        columns
    }
}

impl PackedMatrix {
    /// Decodes tiles that the cache holds, for a dense product.
    fn dot_many(&self, level: Level, outputs: Range<usize>, input: &Input) -> Vec<f32> {
        let (n_vectors, width) = (input.n_vectors(), input.width().next_multiple_of(CHUNK));
        let x = MatRef::from_row_major_slice(input.all_padded(), n_vectors, width);
        let mut weights = vec![0.0; TILE.min(outputs.len()) * width];
        let mut columns = vec![0.0; outputs.len() * n_vectors];
        for start in outputs.clone().step_by(TILE) {
            let tile = start..(start + TILE).min(outputs.end);
            let weights = &mut weights[..tile.len() * width];
            self.decode(level, tile.clone(), weights);
            let columns = &mut columns[(start - outputs.start) * n_vectors..][..tile.len() * n_vectors];
            matmul(
                MatMut::from_row_major_slice_mut(columns, tile.len(), n_vectors),
                Accum::Replace,
                MatRef::from_row_major_slice(weights, tile.len(), width),
                x.transpose(),
                1.0,
                Par::Seq,
            );
        }
        columns
    }
}

/// Outputs decoded at a time for a dense product.
const TILE: usize = 96;

/// Up to this many vectors, products add in the same order as for one.
pub const SMALL_BATCH: usize = 16;

/// Runs `$body` with `$v` the storage type and `$s` the scaling of `$values`.
macro_rules! with_values {
    ($values:expr, $d_input:expr, |$v:ident, $s:ident| $body:expr) => {{
        let values: &Values = $values;
        match values.value_type() {
            ValueType::F32 => with_values!(@plain F32, |$v, $s| $body),
            ValueType::F16 => with_values!(@plain F16, |$v, $s| $body),
            ValueType::Bf16 => with_values!(@plain Bf16, |$v, $s| $body),
            ValueType::Int8(group) => with_values!(@scaled Int8, values, $d_input, group, |$v, $s| $body),
            ValueType::Int4(group) => with_values!(@scaled Int4, values, $d_input, group, |$v, $s| $body),
        }
    }};
    (@plain $type:ident, |$v:ident, $s:ident| $body:expr) => {{
        type $v = $type;
        let $s = Unscaled;
        $body
    }};
    (@scaled $type:ident, $values:ident, $d_input:expr, $group:ident, |$v:ident, $s:ident| $body:expr) => {{
        type $v = $type;
        let n_inputs = $group.n_inputs();
        let $s = Scales::new($values.scales(), $d_input.div_ceil(n_inputs), n_inputs);
        $body
    }};
}

impl PackedMatrix {
    /// `y[i] = sum_j W[outputs.start + i, j] x[j]` on the current thread.
    pub(crate) fn dot(&self, level: Level, outputs: Range<usize>, x: &[f32], y: &mut [f32]) {
        match self {
            Self::Dense(matrix) => with_values!(matrix.values(), matrix.dims()[1], |V, scaling| {
                let source = Dense::<V, _>::new(matrix.values().bytes(), matrix.dims()[1], scaling);
                level.run(Dot { source, outputs, x, y });
            }),
            Self::Bitmap(matrix) => {
                dot_masked(matrix.into(), level, outputs, x, y);
            }
            Self::Nm(matrix) => dot_masked(matrix.into(), level, outputs, x, y),
            Self::Indexed(matrix) => dot_indexed(matrix, level, outputs, x, y),
        }
    }

    /// Writes outputs padded with zeros to a multiple of 32 inputs.
    pub(crate) fn decode(&self, level: Level, outputs: Range<usize>, weights: &mut [f32]) {
        match self {
            Self::Dense(matrix) => with_values!(matrix.values(), matrix.dims()[1], |V, scaling| {
                let source = Dense::<V, _>::new(matrix.values().bytes(), matrix.dims()[1], scaling);
                level.run(Decode {
                    source,
                    outputs,
                    weights,
                });
            }),
            Self::Bitmap(matrix) => decode_masked(matrix.into(), level, outputs, weights),
            Self::Nm(matrix) => decode_masked(matrix.into(), level, outputs, weights),
            Self::Indexed(matrix) => decode_indexed(matrix, outputs, weights),
        }
    }
}

/// What the two formats with masks have in common.
struct MaskedParts<'a> {
    d_input: usize,
    spans: [Span<'a>; 2],
    starts: Starts<'a>,
    values: &'a Values,
    tail: &'a Tail,
}

impl<'a> From<&'a BitmapMatrix> for MaskedParts<'a> {
    fn from(matrix: &'a BitmapMatrix) -> Self {
        Self {
            d_input: matrix.dims()[1],
            spans: matrix.spans(),
            starts: matrix.starts(),
            values: matrix.values(),
            tail: matrix.tail(),
        }
    }
}

impl<'a> From<&'a NmMatrix> for MaskedParts<'a> {
    fn from(matrix: &'a NmMatrix) -> Self {
        Self {
            d_input: matrix.dims()[1],
            spans: matrix.spans(),
            starts: matrix.starts(),
            values: matrix.values(),
            tail: matrix.tail(),
        }
    }
}

impl MaskedParts<'_> {
    /// The outputs that each span reads.
    fn split(&self, outputs: Range<usize>) -> [Range<usize>; 2] {
        let at = self.tail.first().clamp(outputs.start, outputs.end);
        [outputs.start..at, at..outputs.end]
    }
}

#[allow(unsafe_code)]
fn dot_masked(parts: MaskedParts<'_>, level: Level, outputs: Range<usize>, x: &[f32], y: &mut [f32]) {
    let ranges = parts.split(outputs);
    let (in_place, in_tail) = y.split_at_mut(ranges[0].len());
    for ((span, outputs), y) in parts.spans.into_iter().zip(ranges).zip([in_place, in_tail]) {
        with_values!(parts.values, parts.d_input, |V, scaling| {
            // Safety: `from_parts` of both formats checked masks and starts, and made the tail.
            let source = unsafe { Masked::<V, _>::new(span, parts.starts, parts.d_input, scaling) };
            level.run(Dot { source, outputs, x, y });
        });
    }
}

#[allow(unsafe_code)]
fn decode_masked(parts: MaskedParts<'_>, level: Level, outputs: Range<usize>, weights: &mut [f32]) {
    let ranges = parts.split(outputs);
    let width = parts.d_input.next_multiple_of(CHUNK);
    let (in_place, in_tail) = weights.split_at_mut(ranges[0].len() * width);
    for ((span, outputs), weights) in parts.spans.into_iter().zip(ranges).zip([in_place, in_tail]) {
        with_values!(parts.values, parts.d_input, |V, scaling| {
            // Safety: `from_parts` of both formats checked masks and starts, and made the tail.
            let source = unsafe { Masked::<V, _>::new(span, parts.starts, parts.d_input, scaling) };
            level.run(Decode {
                source,
                outputs,
                weights,
            });
        });
    }
}

#[allow(unsafe_code)]
fn dot_indexed(matrix: &IndexedMatrix, level: Level, outputs: Range<usize>, x: &[f32], y: &mut [f32]) {
    with_values!(matrix.values(), matrix.dims()[1], |V, _scaling| {
        // Safety: `IndexedMatrix::from_parts` checked offsets and indices.
        let matrix = unsafe {
            Indexed::<V>::new(
                matrix.indices(),
                matrix.values().bytes(),
                matrix.starts(),
                matrix.dims(),
            )
        };
        level.run(DotIndexed { matrix, outputs, x, y });
    });
}

fn decode_indexed(matrix: &IndexedMatrix, outputs: Range<usize>, weights: &mut [f32]) {
    weights.fill(0.0);
    let width = matrix.dims()[1].next_multiple_of(CHUNK);
    let starts = matrix.starts();
    let indices = matrix.indices().as_chunks::<2>().0;
    for (row, output) in outputs.enumerate() {
        let end = if output + 1 < matrix.dims()[0] {
            starts.of(output + 1)
        } else {
            indices.len()
        };
        for (position, index) in (starts.of(output)..end).zip(&indices[starts.of(output)..end]) {
            let index = usize::from(u16::from_le_bytes(*index));
            weights[row * width + index] = matrix.values().float(position);
        }
    }
}
