//! Packed outputs back as `f32`.

use std::ops::Range;

use super::isa::{CHUNK, Isa, Kernel, Source};

/// Writes outputs one after the other, each padded with zeros to a multiple of [`CHUNK`].
pub(crate) struct Decode<'a, S> {
    pub(crate) source: S,
    pub(crate) outputs: Range<usize>,
    /// `[outputs.len(), d_input.next_multiple_of(CHUNK)]`
    pub(crate) weights: &'a mut [f32],
}

impl<S: Source> Kernel for Decode<'_, S> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let d_input = self.source.d_input();
        let width = d_input.next_multiple_of(CHUNK);
        let n_whole = d_input / CHUNK;
        assert!(self.weights.len() == self.outputs.len() * width);
        if width == 0 {
            return;
        }
        for (output, weights) in self.outputs.zip(self.weights.chunks_exact_mut(width)) {
            let mut cursor = self.source.open(output);
            let to = weights.as_mut_ptr();
            // Safety: the processor has the instruction set (the caller's); all chunks lie within `width`.
            unsafe {
                for chunk in 0..n_whole {
                    I::store(self.source.next::<I>(&mut cursor, chunk), to.add(chunk * CHUNK));
                }
                if n_whole * CHUNK < d_input {
                    I::store(self.source.last::<I>(&mut cursor), to.add(n_whole * CHUNK));
                }
            }
        }
    }
}
