//! Calls the loop for each format and value type.

use std::ops::Range;

use crate::formats::indexed::IndexedMatrix;
use crate::formats::masked_parts::MaskedParts;
use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::kernels::decode::{Decode, Layout};
use crate::kernels::dense::Dense;
use crate::kernels::dot::Dot;
use crate::kernels::indexed::{DecodeIndexed, DotIndexed, Indexed};
use crate::kernels::masked::Masked;
use crate::kernels::scales::{Scales, Unscaled};
use crate::kernels::value::{Bf16, F16, F32, Int4, Int8};
use crate::numbers::value_type::ValueType;
use crate::numbers::values::Values;

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
    /// Computes `y[i] = sum_j W[outputs.start + i, j] x[j]` on the current thread.
    pub(crate) fn dot(&self, level: Level, outputs: Range<usize>, x: &[f32], y: &mut [f32]) {
        match self {
            Self::Dense(matrix) => with_values!(matrix.values(), matrix.dims()[1], |V, scaling| {
                let source = Dense::<V, _>::new(matrix.values().bytes(), matrix.dims()[1], scaling);
                level.run(Dot { source, outputs, x, y });
            }),
            Self::Bitmap(matrix) => dot_masked(matrix.parts(), level, outputs, x, y),
            Self::Nm(matrix) => dot_masked(matrix.parts(), level, outputs, x, y),
            Self::Indexed(matrix) => dot_indexed(matrix, level, outputs, x, y),
        }
    }

    /// Writes decoded outputs, from the first place of `layout` on.
    pub(crate) fn decode(&self, level: Level, outputs: Range<usize>, layout: Layout, weights: &mut [f32]) {
        match self {
            Self::Dense(matrix) => with_values!(matrix.values(), matrix.dims()[1], |V, scaling| {
                let source = Dense::<V, _>::new(matrix.values().bytes(), matrix.dims()[1], scaling);
                level.run(Decode {
                    source,
                    outputs,
                    first: 0,
                    layout,
                    weights,
                });
            }),
            Self::Bitmap(matrix) => decode_masked(matrix.parts(), level, outputs, Decoded { layout, weights }),
            Self::Nm(matrix) => decode_masked(matrix.parts(), level, outputs, Decoded { layout, weights }),
            Self::Indexed(matrix) => decode_indexed(matrix, level, outputs, Decoded { layout, weights }),
        }
    }
}

/// The destination of decoded outputs.
struct Decoded<'a> {
    layout: Layout,
    weights: &'a mut [f32],
}

#[allow(unsafe_code)]
fn dot_masked(parts: MaskedParts<'_>, level: Level, outputs: Range<usize>, x: &[f32], y: &mut [f32]) {
    let ranges = parts.split(outputs);
    let (in_place, in_tail) = y.split_at_mut(ranges[0].len());
    for ((span, outputs), y) in parts.spans().into_iter().zip(ranges).zip([in_place, in_tail]) {
        with_values!(parts.values, parts.d_input, |V, scaling| {
            // Safety: `from_parts` of both formats checked masks and starts, and made the tail.
            let source = unsafe { Masked::<V, _>::new(span, parts.starts, parts.d_input, scaling) };
            level.run(Dot { source, outputs, x, y });
        });
    }
}

#[allow(unsafe_code)]
fn decode_masked(parts: MaskedParts<'_>, level: Level, outputs: Range<usize>, to: Decoded<'_>) {
    let start = outputs.start;
    for (span, outputs) in parts.spans().into_iter().zip(parts.split(outputs)) {
        with_values!(parts.values, parts.d_input, |V, scaling| {
            // Safety: `from_parts` of both formats checked masks and starts, and made the tail.
            let source = unsafe { Masked::<V, _>::new(span, parts.starts, parts.d_input, scaling) };
            level.run(Decode {
                source,
                first: outputs.start - start,
                outputs,
                layout: to.layout,
                weights: &mut *to.weights,
            });
        });
    }
}

/// Runs `$body` for the parts of `$outputs`, with `$matrix` a matrix that reads `$part` of the outputs.
macro_rules! with_indexed {
    ($indexed:expr, $outputs:expr, |$matrix:ident, $part:ident| $body:expr) => {{
        let indexed: &IndexedMatrix = $indexed;
        let n_values = indexed.indices().len() / 2;
        for (span, $part) in indexed.split($outputs) {
            with_values!(indexed.values(), indexed.dims()[1], |V, scaling| {
                // Safety: `IndexedMatrix::from_parts` checked offsets and indices, and made the tail.
                let $matrix =
                    unsafe { Indexed::<V, _>::new(span, indexed.starts(), n_values, indexed.dims(), scaling) };
                $body
            });
        }
    }};
}

#[allow(unsafe_code)]
fn dot_indexed(indexed: &IndexedMatrix, level: Level, outputs: Range<usize>, x: &[f32], y: &mut [f32]) {
    let first = outputs.start;
    with_indexed!(indexed, outputs, |matrix, outputs| {
        let y = &mut y[outputs.start - first..outputs.end - first];
        level.run(DotIndexed { matrix, outputs, x, y });
    });
}

#[allow(unsafe_code)]
fn decode_indexed(indexed: &IndexedMatrix, level: Level, outputs: Range<usize>, to: Decoded<'_>) {
    let start = outputs.start;
    with_indexed!(indexed, outputs, |matrix, outputs| {
        level.run(DecodeIndexed {
            matrix,
            first: outputs.start - start,
            outputs,
            layout: to.layout,
            weights: &mut *to.weights,
        });
    });
}
