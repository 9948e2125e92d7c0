//! Bitmaps: one bit for every weight, and the values at the ones.

use std::marker::PhantomData;

use super::levels::isa::{CHUNK, Isa, Source};
use super::scales::Scaling;
use super::value::{Value, WIDEST_CHUNK};

/// Number of bytes that must be readable from any value on.
pub(crate) const SLACK: usize = WIDEST_CHUNK;

/// Distance in bytes from the values being read to the values being prefetched.
pub(crate) const AHEAD: usize = 1024;

/// A bitmap that satisfies the invariants of [`Masked::new`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Masked<'a, V, S> {
    mask: &'a [u8],
    values: &'a [u8],
    starts: Starts<'a>,
    d_input: usize,
    /// The output at the first byte of `mask`.
    first: usize,
    /// The index of the value at the first byte of `values`.
    origin: usize,
    scaling: S,
    value: PhantomData<V>,
}

/// The start of each output's values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Starts<'a> {
    /// Indices stored as little-endian `i64`.
    Stored(&'a [[u8; 8]]),
    /// Equal numbers of values for all outputs.
    Every(usize),
}

impl Starts<'_> {
    #[inline(always)]
    pub(crate) fn of(&self, output: usize) -> usize {
        match self {
            Self::Stored(starts) => i64::from_le_bytes(starts[output]) as usize,
            Self::Every(stride) => output * stride,
        }
    }
}

/// The outputs that a [`Masked`] can read, with their masks and values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    /// Masks of the outputs from `first` on, `d_input.div_ceil(8)` bytes each.
    pub(crate) mask: &'a [u8],
    /// Values from index `starts.of(first)` on, with [`SLACK`] bytes after them.
    pub(crate) values: &'a [u8],
    pub(crate) first: usize,
}

impl<'a, V: Value, S: Scaling> Masked<'a, V, S> {
    /// # Safety
    ///
    /// For every output of the span, `starts` is the number of ones in the masks of all outputs before it, its mask is
    /// zero past `d_input`, and [`SLACK`] bytes can be read from each of its values on.
    pub(crate) unsafe fn new(span: Span<'a>, starts: Starts<'a>, d_input: usize, scaling: S) -> Self {
        let start = if span.mask.is_empty() { 0 } else { starts.of(span.first) };
        Self {
            mask: span.mask,
            values: span.values,
            starts,
            d_input,
            first: span.first,
            // Two nibbles share a byte: the second one's byte starts with the first.
            origin: if V::BITS < 8 { start & !1 } else { start },
            scaling,
            value: PhantomData,
        }
    }
}

/// The first byte of value `index`.
#[inline(always)]
pub(crate) fn first_byte<V: Value>(index: usize) -> usize {
    // `index * V::BITS / 8` would cost an instruction for bits that are never set.
    if V::BITS < 8 {
        index * V::BITS / 8
    } else {
        index * (V::BITS / 8)
    }
}

/// Position of a reader within an output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<C> {
    scale: C,
    /// The first byte of the output's mask.
    mask: usize,
    /// Index of the next value, counted from the span's first.
    index: usize,
}

impl<V: Value, S: Scaling> Source for Masked<'_, V, S> {
    type Cursor = Cursor<S::Current>;

    fn d_input(&self) -> usize {
        self.d_input
    }

    #[inline(always)]
    fn open(&self, output: usize) -> Self::Cursor {
        let mask = (output - self.first) * self.d_input.div_ceil(8);
        assert!(mask + self.d_input.div_ceil(8) <= self.mask.len());
        Cursor {
            scale: self.scaling.open(output),
            mask,
            index: self.starts.of(output) - self.origin,
        }
    }

    #[inline(always)]
    unsafe fn next<I: Isa>(&self, cursor: &mut Self::Cursor, chunk: usize) -> I::Chunk {
        // Safety: `open` checked that the output's mask is there, and the chunk lies within it.
        let mask = unsafe { self.mask.as_ptr().add(cursor.mask + chunk * (CHUNK / 8)) };
        let mask = u32::from_le_bytes(unsafe { mask.cast::<[u8; 4]>().read_unaligned() });
        // Safety: `new`'s contract.
        let weights = unsafe { V::expand::<I>(self.values.as_ptr(), cursor.index, mask) };
        // The hardware's own prefetching stops at the end of a page.
        let ahead = self.values.as_ptr().wrapping_add(first_byte::<V>(cursor.index) + AHEAD);
        cursor.index += mask.count_ones() as usize;
        unsafe { I::prefetch(ahead) };
        unsafe { self.scaling.apply::<I>(weights, &mut cursor.scale, chunk) }
    }

    #[inline(always)]
    unsafe fn last<I: Isa>(&self, cursor: &mut Self::Cursor) -> I::Chunk {
        let chunk = self.d_input / CHUNK;
        let end = cursor.mask + self.d_input.div_ceil(8);
        let mut mask = [0; 4];
        let bytes = &self.mask[cursor.mask + chunk * (CHUNK / 8)..end];
        mask[..bytes.len()].copy_from_slice(bytes);
        // Safety: `new`'s contract.
        unsafe {
            let weights = V::expand::<I>(self.values.as_ptr(), cursor.index, u32::from_le_bytes(mask));
            self.scaling.apply::<I>(weights, &mut cursor.scale, chunk)
        }
    }
}
