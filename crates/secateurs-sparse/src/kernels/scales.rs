//! The scales of quantised values.

use super::levels::isa::{CHUNK, Isa};

/// A rule that multiplies chunks by their scales after they were read.
pub(crate) trait Scaling: Copy {
    /// The current scale.
    type Current: Copy;

    /// Prepares for the first chunk of an output.
    fn open(&self, output: usize) -> Self::Current;

    /// Multiplies a chunk; chunks come in order.
    ///
    /// # Safety
    ///
    /// As for [`Isa`].
    unsafe fn apply<I: Isa>(&self, weights: I::Chunk, current: &mut Self::Current, chunk: usize) -> I::Chunk;

    /// The scale of an output with a single scale.
    fn of_output(&self, output: usize) -> f32;
}

/// Values that need no scale.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unscaled;

impl Scaling for Unscaled {
    type Current = ();

    #[inline(always)]
    fn open(&self, _output: usize) {}

    #[inline(always)]
    unsafe fn apply<I: Isa>(&self, weights: I::Chunk, _current: &mut (), _chunk: usize) -> I::Chunk {
        weights
    }

    #[inline(always)]
    fn of_output(&self, _output: usize) -> f32 {
        1.0
    }
}

/// One scale for every output and group of inputs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scales<'a> {
    /// bf16, little-endian, `[d_output, n_groups]`.
    bytes: &'a [[u8; 2]],
    n_groups: usize,
    /// Chunks in a group, a power of two.
    group: usize,
}

/// The current scale, and the index of the next one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current {
    scale: f32,
    next: usize,
}

impl<'a> Scales<'a> {
    /// Wraps `bytes`, which hold `n_groups` scales for every output; a group has `group` inputs, a power of two of at
    /// least [`CHUNK`].
    pub(crate) fn new(bytes: &'a [u8], n_groups: usize, group: usize) -> Self {
        debug_assert!(group.is_power_of_two() && group >= CHUNK);
        Self {
            bytes: bytes.as_chunks::<2>().0,
            n_groups,
            group: group / CHUNK,
        }
    }
}

impl Scaling for Scales<'_> {
    type Current = Current;

    #[inline(always)]
    fn open(&self, output: usize) -> Current {
        Current {
            scale: 0.0,
            next: output * self.n_groups,
        }
    }

    #[inline(always)]
    unsafe fn apply<I: Isa>(&self, weights: I::Chunk, current: &mut Current, chunk: usize) -> I::Chunk {
        if chunk & (self.group - 1) == 0 {
            current.scale = from_bf16(self.bytes[current.next]);
            current.next += 1;
        }
        // Safety: the caller's.
        unsafe { I::scale(weights, current.scale) }
    }

    #[inline(always)]
    fn of_output(&self, output: usize) -> f32 {
        self.bytes.get(output).map_or(0.0, |bytes| from_bf16(*bytes))
    }
}

/// Converts a bf16, the upper half of an f32.
#[inline(always)]
fn from_bf16(bytes: [u8; 2]) -> f32 {
    f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)
}
