//! Products of outputs with one or several inputs.

use std::ops::Range;

use super::isa::{CHUNK, Isa, Kernel, Source};

/// `y[i] = sum_j W[outputs.start + i, j] x[j]`.
pub(crate) struct Dot<'a, S> {
    pub(crate) source: S,
    pub(crate) outputs: Range<usize>,
    /// `d_input` values, and zeros up to a multiple of [`CHUNK`].
    pub(crate) x: &'a [f32],
    /// One value for every output.
    pub(crate) y: &'a mut [f32],
}

impl<S: Source> Kernel for Dot<'_, S> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let d_input = self.source.d_input();
        let n_whole = d_input / CHUNK;
        assert!(self.x.len() >= d_input.next_multiple_of(CHUNK) && self.y.len() == self.outputs.len());
        // Safety: the processor has the instruction set (the caller's), chunks below `n_whole` lie within the source
        // and within `x`, and so does the last one within `x`.
        unsafe {
            for (output, y) in self.outputs.zip(self.y) {
                let mut cursor = self.source.open(output);
                let mut sum = I::zero();
                for chunk in 0..n_whole {
                    let weights = self.source.next::<I>(&mut cursor, chunk);
                    sum = I::multiply_add(weights, I::load(self.x.as_ptr().add(chunk * CHUNK)), sum);
                }
                if n_whole * CHUNK < d_input {
                    let weights = self.source.last::<I>(&mut cursor);
                    sum = I::multiply_add(weights, I::load(self.x.as_ptr().add(n_whole * CHUNK)), sum);
                }
                *y = I::sum(sum);
            }
        }
    }
}

/// `y[t] = sum_j w[j] x[t, j]` for one output, decoded already.
pub(crate) struct DotDecoded<'a> {
    /// A multiple of [`CHUNK`] values.
    pub(crate) weights: &'a [f32],
    /// `[y.len(), weights.len()]`
    pub(crate) x: &'a [f32],
    pub(crate) y: &'a mut [f32],
}

impl Kernel for DotDecoded<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let width = self.weights.len();
        assert!(width.is_multiple_of(CHUNK) && self.x.len() == width * self.y.len());
        let weights = self.weights.as_ptr();
        let at = |token: usize| self.x[token * width..(token + 1) * width].as_ptr();
        let (pairs, rest) = self.y.as_chunks_mut::<2>();
        // Safety: the processor has the instruction set (the caller's); whole chunks within slices of `width`.
        unsafe {
            for (pair, y) in pairs.iter_mut().enumerate() {
                let (x0, x1) = (at(2 * pair), at(2 * pair + 1));
                let mut sums = [I::zero(); 2];
                for start in (0..width).step_by(CHUNK) {
                    let weights = I::load(weights.add(start));
                    sums[0] = I::multiply_add(weights, I::load(x0.add(start)), sums[0]);
                    sums[1] = I::multiply_add(weights, I::load(x1.add(start)), sums[1]);
                }
                *y = [I::sum(sums[0]), I::sum(sums[1])];
            }
            for (offset, y) in rest.iter_mut().enumerate() {
                let x = at(2 * pairs.len() + offset);
                let mut sum = I::zero();
                for start in (0..width).step_by(CHUNK) {
                    sum = I::multiply_add(I::load(weights.add(start)), I::load(x.add(start)), sum);
                }
                *y = I::sum(sum);
            }
        }
    }
}
