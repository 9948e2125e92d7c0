//! Decodes packed outputs to `f32`.

use std::ops::Range;

use super::levels::isa::{CHUNK, Isa, Kernel, Source};

/// Layout of decoded outputs in memory.
///
/// Outputs lie in groups of `rows`, each group as `[chunk][row][32]`: a chunk of all its outputs is in one place. With one
/// row this is one output after the other, each padded with zeros to a multiple of [`CHUNK`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Outputs of a group.
    pub(crate) rows: usize,
    /// Inputs of an output, a multiple of [`CHUNK`].
    pub(crate) width: usize,
}

impl Layout {
    /// A layout of one output after the other.
    pub(crate) fn plain(d_input: usize) -> Self {
        Self::grouped(1, d_input)
    }

    /// A layout of groups of `rows` outputs.
    pub(crate) fn grouped(rows: usize, d_input: usize) -> Self {
        Self {
            rows,
            width: d_input.next_multiple_of(CHUNK),
        }
    }

    /// Number of values of `n_outputs`, with the outputs that fill the last group.
    pub(crate) fn len(self, n_outputs: usize) -> usize {
        n_outputs.next_multiple_of(self.rows) * self.width
    }

    /// The first chunk of an output.
    pub(crate) fn start(self, output: usize) -> usize {
        let (group, row) = (output / self.rows, output % self.rows);
        group * self.rows * self.width + row * CHUNK
    }

    /// Distance from one chunk of an output to its next.
    pub(crate) fn step(self) -> usize {
        self.rows * CHUNK
    }
}

/// Writes outputs, each padded with zeros to a multiple of [`CHUNK`].
pub(crate) struct Decode<'a, S> {
    pub(crate) source: S,
    pub(crate) outputs: Range<usize>,
    /// The place of the first output.
    pub(crate) first: usize,
    pub(crate) layout: Layout,
    pub(crate) weights: &'a mut [f32],
}

impl<S: Source> Kernel for Decode<'_, S> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { layout, weights, .. } = self;
        let d_input = self.source.d_input();
        let n_whole = d_input / CHUNK;
        assert!(layout.width == d_input.next_multiple_of(CHUNK));
        assert!(weights.len() >= layout.len(self.first + self.outputs.len()));
        for (place, output) in (self.first..).zip(self.outputs) {
            let mut cursor = self.source.open(output);
            // Safety: the processor has the instruction set (the caller's); `layout` puts all chunks of the places below
            // `first + outputs.len()` within `weights`.
            unsafe {
                let to = weights.as_mut_ptr().wrapping_add(layout.start(place));
                for chunk in 0..n_whole {
                    I::store(self.source.next::<I>(&mut cursor, chunk), to.add(chunk * layout.step()));
                }
                if n_whole * CHUNK < d_input {
                    I::store(self.source.last::<I>(&mut cursor), to.add(n_whole * layout.step()));
                }
            }
        }
    }
}
