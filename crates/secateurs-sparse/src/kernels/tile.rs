//! Products of decoded outputs with 32 vectors side by side.

use super::decode::Layout;
use super::levels::isa::{Block, CHUNK, Isa, Kernel};

/// Outputs of a group on this instruction set.
pub(crate) struct Rows;

impl Kernel for Rows {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<I: Isa>(self) -> usize {
        I::ROWS
    }
}

/// The product `y[o, v] = sum_i W[o, i] x[i, v]`, or its addition to `y`; terms are added one after the other from
/// `i = 0` on.
pub(crate) struct TileProduct<'a> {
    /// Layout of the weights, in groups of the instruction set's number of rows; the first `y.len()` outputs are used.
    pub(crate) layout: Layout,
    pub(crate) weights: &'a [f32],
    /// Panel of vectors, at most `layout.width` rows.
    pub(crate) x: &'a [[f32; CHUNK]],
    pub(crate) y: &'a mut [[f32; CHUNK]],
    pub(crate) add: bool,
}

impl Kernel for TileProduct<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self { layout, weights, .. } = self;
        assert!(layout.rows == I::ROWS && self.x.len() <= layout.width);
        assert!(weights.len() >= layout.len(self.y.len()));
        for (group, y) in self.y.chunks_mut(I::ROWS).enumerate() {
            let block = Block {
                weights: weights[layout.start(group * I::ROWS)..].as_ptr(),
                x: self.x.as_ptr().cast(),
                n_inputs: self.x.len(),
                n_rows: y.len(),
                y: y.as_mut_ptr().cast(),
                add: self.add,
            };
            // Safety: the processor has the instruction set (the caller's), a group of weights is there whole by the
            // assertions, and `y` has `n_rows` rows of 32.
            unsafe { I::block(block) };
        }
    }
}
