//! Products of decoded outputs with 32 vectors side by side.

use super::decode::Layout;
use super::isa::{CHUNK, Isa, Kernel};

/// Outputs of a group on this instruction set.
pub(crate) struct Rows;

impl Kernel for Rows {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<I: Isa>(self) -> usize {
        I::ROWS
    }
}

/// `y[o, v] = sum_i W[o, i] x[i, v]`, or added to what `y` holds; one product after the other from `i = 0` on.
pub(crate) struct TileProduct<'a> {
    /// In groups of the instruction set's own number of rows, of which the first `y.len()` outputs are used.
    pub(crate) layout: Layout,
    pub(crate) weights: &'a [f32],
    /// At most `layout.width` rows.
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

/// One group of outputs, whose sums stay in registers.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    /// `[n_inputs.div_ceil(32)][ROWS][32]`
    weights: *const f32,
    /// `[n_inputs, 32]`
    x: *const f32,
    n_inputs: usize,
    /// At most `ROWS`.
    n_rows: usize,
    /// `[n_rows, 32]`
    y: *mut f32,
    add: bool,
}

impl Block {
    /// # Safety
    ///
    /// The processor has the instruction set, and the pointers lead to as many values as the fields say.
    #[inline(always)]
    pub(super) unsafe fn run<I: Isa, const ROWS: usize>(self) {
        let Self {
            mut weights, mut x, y, ..
        } = self;
        let mut sums = [unsafe { I::zero() }; ROWS];
        // Safety: the caller's.
        unsafe {
            // Loops of constant length and no references to sums, so that these stay in registers.
            if self.add {
                for row in 0..ROWS {
                    if row < self.n_rows {
                        sums[row] = I::load(y.add(row * CHUNK));
                    }
                }
            }
            let mut left = self.n_inputs;
            while left > 0 {
                let n_inputs = left.min(CHUNK);
                for input in 0..n_inputs {
                    sums = I::outer(sums, weights.add(input), x);
                    x = x.add(CHUNK);
                }
                weights = weights.add(ROWS * CHUNK);
                left -= n_inputs;
            }
            for row in 0..ROWS {
                if row < self.n_rows {
                    I::store(sums[row], y.add(row * CHUNK));
                }
            }
        }
    }
}
