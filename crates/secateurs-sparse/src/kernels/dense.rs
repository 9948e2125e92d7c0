//! Dense matrices: every weight is stored.

use std::marker::PhantomData;

use super::levels::isa::{CHUNK, Isa, Source};
use super::masked::AHEAD;
use super::scales::Scaling;
use super::value::{Value, WIDEST_CHUNK};

/// Values `[d_output, d_input]`; every output starts at a whole byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dense<'a, V, S> {
    values: &'a [u8],
    d_input: usize,
    scaling: S,
    value: PhantomData<V>,
}

impl<'a, V: Value, S: Scaling> Dense<'a, V, S> {
    pub(crate) fn new(values: &'a [u8], d_input: usize, scaling: S) -> Self {
        Self {
            values,
            d_input,
            scaling,
            value: PhantomData,
        }
    }

    fn stride(&self) -> usize {
        (self.d_input * V::BITS).div_ceil(8)
    }
}

/// The output that is being read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a, C> {
    scale: C,
    values: &'a [u8],
}

impl<'a, V: Value, S: Scaling> Source for Dense<'a, V, S> {
    type Cursor = Cursor<'a, S::Current>;

    fn d_input(&self) -> usize {
        self.d_input
    }

    #[inline(always)]
    fn open(&self, output: usize) -> Self::Cursor {
        let stride = self.stride();
        Cursor {
            scale: self.scaling.open(output),
            values: &self.values[output * stride..(output + 1) * stride],
        }
    }

    #[inline(always)]
    unsafe fn next<I: Isa>(&self, cursor: &mut Self::Cursor, chunk: usize) -> I::Chunk {
        // Safety: the output has more than `chunk` whole chunks.
        unsafe {
            // All chunks start at whole bytes, so that this is a constant offset for every type.
            let from = cursor.values.as_ptr().add(chunk * CHUNK * V::BITS / 8);
            I::prefetch(from.wrapping_add(AHEAD));
            self.scaling
                .apply::<I>(V::widen::<I>(from, 0), &mut cursor.scale, chunk)
        }
    }

    #[inline(always)]
    unsafe fn last<I: Isa>(&self, cursor: &mut Self::Cursor) -> I::Chunk {
        let chunk = self.d_input / CHUNK;
        let rest = &cursor.values[chunk * CHUNK * V::BITS / 8..];
        let mut padded = [0u8; WIDEST_CHUNK];
        padded[..rest.len()].copy_from_slice(rest);
        // Safety: `padded` holds a chunk of any type.
        unsafe {
            let weights = V::widen::<I>(padded.as_ptr(), 0);
            self.scaling.apply::<I>(weights, &mut cursor.scale, chunk)
        }
    }
}
