//! Values with the indices of their inputs.

use std::marker::PhantomData;
use std::ops::Range;

use super::decode::Layout;
use super::levels::isa::{CHUNK, Isa, Kernel};
use super::masked::{AHEAD, Starts, first_byte};
use super::scales::Scaling;
use super::value::Value;

/// The product `y[i] = scale sum_k values[k] x[indices[k]]` over the values of output `outputs.start + i`; lane `l`
/// sums the values `l, l + 32, ..` of the output.
pub(crate) struct DotIndexed<'a, V, S> {
    pub(crate) matrix: Indexed<'a, V, S>,
    pub(crate) outputs: Range<usize>,
    pub(crate) x: &'a [f32],
    pub(crate) y: &'a mut [f32],
}

/// Writes outputs, each padded with zeros to a multiple of [`CHUNK`].
pub(crate) struct DecodeIndexed<'a, V, S> {
    pub(crate) matrix: Indexed<'a, V, S>,
    pub(crate) outputs: Range<usize>,
    /// The place of the first output.
    pub(crate) first: usize,
    pub(crate) layout: Layout,
    pub(crate) weights: &'a mut [f32],
}

/// The stored values and indices of some outputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexedSpan<'a> {
    /// Little-endian `u16` indices, from output `first` on, and [`CHUNK`] more than the outputs have.
    pub(crate) indices: &'a [u8],
    /// Values, one for each index.
    pub(crate) values: &'a [u8],
    pub(crate) first: usize,
}

/// Values and their indices, which satisfy the invariants of [`Indexed::new`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indexed<'a, V, S> {
    span: IndexedSpan<'a>,
    starts: Starts<'a>,
    /// The index of the value that the span starts with.
    origin: usize,
    /// Number of values of all outputs.
    n_values: usize,
    n_outputs: usize,
    d_input: usize,
    scaling: S,
    value: PhantomData<V>,
}

impl<'a, V: Value, S: Scaling> Indexed<'a, V, S> {
    /// # Safety
    ///
    /// `starts` has `n_outputs` entries, none larger than the next or than `n_values`, the span holds the values of all
    /// outputs that are read and [`CHUNK`] more, and every index lies below `d_input`.
    pub(crate) unsafe fn new(
        span: IndexedSpan<'a>,
        starts: Starts<'a>,
        n_values: usize,
        [n_outputs, d_input]: [usize; 2],
        scaling: S,
    ) -> Self {
        Self {
            origin: if span.first < n_outputs {
                starts.of(span.first)
            } else {
                0
            },
            span,
            starts,
            n_values,
            n_outputs,
            d_input,
            scaling,
            value: PhantomData,
        }
    }

    /// The values of an output, counted from the start of the span.
    #[inline(always)]
    fn range(&self, output: usize) -> Range<usize> {
        let end = if output + 1 < self.n_outputs {
            self.starts.of(output + 1)
        } else {
            self.n_values
        };
        self.starts.of(output) - self.origin..end - self.origin
    }

    fn indices(&self) -> *const u16 {
        self.span.indices.as_ptr().cast()
    }
}

impl<V: Value, S: Scaling> Kernel for DotIndexed<'_, V, S> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { matrix, outputs, x, y } = self;
        assert!(x.len() >= matrix.d_input && outputs.end <= matrix.n_outputs && y.len() == outputs.len());
        let (indices, values) = (matrix.indices(), matrix.span.values.as_ptr());
        // Safety: the processor has the instruction set (the caller's); `Indexed::new`'s contract puts every index
        // within `x`, and lets whole chunks be read from any value of an output on.
        unsafe {
            for (output, y) in outputs.zip(y) {
                let range = matrix.range(output);
                let n_rest = range.len() % CHUNK;
                let mut sum = I::zero();
                for start in range.clone().step_by(CHUNK).take(range.len() / CHUNK) {
                    I::prefetch(indices.add(start).cast::<u8>().wrapping_add(AHEAD));
                    I::prefetch(values.wrapping_add(first_byte::<V>(start) + AHEAD));
                    let inputs = I::gather(x.as_ptr(), indices.add(start), CHUNK);
                    sum = I::multiply_add(V::widen::<I>(values, start), inputs, sum);
                }
                if n_rest > 0 {
                    let start = range.end - n_rest;
                    let inputs = I::gather(x.as_ptr(), indices.add(start), n_rest);
                    let weights = I::first(V::widen::<I>(values, start), n_rest);
                    sum = I::multiply_add(weights, inputs, sum);
                }
                *y = matrix.scaling.of_output(output) * I::sum(sum);
            }
        }
    }
}

impl<V: Value, S: Scaling> Kernel for DecodeIndexed<'_, V, S> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self {
            matrix,
            outputs,
            first,
            layout,
            weights,
        } = self;
        assert!(outputs.end <= matrix.n_outputs && layout.width == matrix.d_input.next_multiple_of(CHUNK));
        assert!(weights.len() >= layout.len(first + outputs.len()));
        let (indices, values) = (matrix.indices(), matrix.span.values.as_ptr());
        let mut chunk = [0.0; CHUNK];
        for (place, output) in (first..).zip(outputs) {
            let to = layout.start(place);
            let n_chunks = layout.width / CHUNK;
            (0..n_chunks).for_each(|chunk| weights[to + chunk * layout.step()..][..CHUNK].fill(0.0));
            let range = matrix.range(output);
            let scale = matrix.scaling.of_output(output);
            for start in range.clone().step_by(CHUNK) {
                // Safety: the processor has the instruction set (the caller's); `Indexed::new`'s contract puts every
                // index below the width, and lets whole chunks be read from any value of an output on.
                unsafe {
                    I::store(I::scale(V::widen::<I>(values, start), scale), chunk.as_mut_ptr());
                    for (offset, value) in chunk.iter().enumerate().take(range.end - start) {
                        let index = usize::from(u16::from_le(indices.add(start + offset).read_unaligned()));
                        let at = to + index / CHUNK * layout.step() + index % CHUNK;
                        *weights.get_unchecked_mut(at) = *value;
                    }
                }
            }
        }
    }
}
