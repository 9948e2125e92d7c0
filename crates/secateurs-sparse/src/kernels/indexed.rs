//! Values with the inputs they belong to.

use std::marker::PhantomData;
use std::ops::Range;

use super::isa::{CHUNK, Isa, Kernel};
use super::masked::Starts;
use super::value::{Value, WIDEST_CHUNK};

/// `y[i] = sum_k values[k] x[indices[k]]` over the values of output `outputs.start + i`; lane `l` sums the values
/// `l, l + 32, ..` of the output.
pub(crate) struct DotIndexed<'a, V> {
    pub(crate) matrix: Indexed<'a, V>,
    pub(crate) outputs: Range<usize>,
    pub(crate) x: &'a [f32],
    pub(crate) y: &'a mut [f32],
}

/// Values and their indices, where the invariants of [`Indexed::new`] hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indexed<'a, V> {
    /// Little-endian `u16`.
    indices: &'a [u8],
    values: &'a [u8],
    starts: Starts<'a>,
    n_values: usize,
    d_input: usize,
    n_outputs: usize,
    value: PhantomData<V>,
}

impl<'a, V: Value> Indexed<'a, V> {
    /// # Safety
    ///
    /// `starts` has `n_outputs` entries, none larger than the next or than the number of values; `indices` and `values`
    /// have as many entries as each other, and every index lies below `d_input`.
    pub(crate) unsafe fn new(
        indices: &'a [u8],
        values: &'a [u8],
        starts: Starts<'a>,
        [n_outputs, d_input]: [usize; 2],
    ) -> Self {
        Self {
            indices,
            values,
            starts,
            n_values: indices.len() / 2,
            d_input,
            n_outputs,
            value: PhantomData,
        }
    }

    #[inline(always)]
    fn range(&self, output: usize) -> Range<usize> {
        let end = if output + 1 < self.n_outputs {
            self.starts.of(output + 1)
        } else {
            self.n_values
        };
        self.starts.of(output)..end
    }
}

impl<V: Value> Kernel for DotIndexed<'_, V> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { matrix, outputs, x, y } = self;
        assert!(x.len() >= matrix.d_input && outputs.end <= matrix.n_outputs && y.len() == outputs.len());
        // Safety: the processor has the instruction set (the caller's); `Indexed::new`'s contract puts every index
        // within `x`; whole chunks lie within the output's values, and the rest is copied into whole chunks.
        unsafe {
            for (output, y) in outputs.zip(y) {
                let range = matrix.range(output);
                let n_whole = range.len() / CHUNK;
                let mut sum = I::zero();
                for chunk in 0..n_whole {
                    let start = range.start + chunk * CHUNK;
                    let inputs = I::gather(x.as_ptr(), matrix.indices.as_ptr().add(2 * start).cast());
                    sum = I::multiply_add(V::widen::<I>(matrix.values.as_ptr(), start), inputs, sum);
                }
                let rest = range.start + n_whole * CHUNK..range.end;
                if !rest.is_empty() {
                    let (indices, values) = matrix.padded(rest);
                    let inputs = I::gather(x.as_ptr(), indices.as_ptr());
                    sum = I::multiply_add(V::widen::<I>(values.as_ptr(), 0), inputs, sum);
                }
                *y = I::sum(sum);
            }
        }
    }
}

impl<V: Value> Indexed<'_, V> {
    /// Fewer than a chunk of values, zeros at index 0 after them.
    #[inline(always)]
    fn padded(&self, rest: Range<usize>) -> ([u16; CHUNK], [u8; WIDEST_CHUNK]) {
        let mut indices = [0; CHUNK];
        let mut values = [0; WIDEST_CHUNK];
        let bytes = &self.indices[2 * rest.start..2 * rest.end];
        for (index, bytes) in indices.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *index = u16::from_le_bytes(*bytes);
        }
        let bytes = &self.values[rest.start * V::BITS / 8..rest.end * V::BITS / 8];
        values[..bytes.len()].copy_from_slice(bytes);
        (indices, values)
    }
}
