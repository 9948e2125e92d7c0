//! Products of outputs with one or several inputs.

use std::ops::Range;

use super::levels::isa::{CHUNK, Isa, Kernel, Source};

/// The product with one vector: `y[i] = sum_j W[outputs.start + i, j] x[j]`.
pub(crate) struct Dot<'a, S> {
    pub(crate) source: S,
    pub(crate) outputs: Range<usize>,
    /// The vector: `d_input` values, and zeros up to a multiple of [`CHUNK`].
    pub(crate) x: &'a [f32],
    /// Results, one for every output.
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

/// The product `y[o, t] = sum_j w[o, j] x[t, j]` for some decoded outputs; it adds in the order of [`Dot`].
pub(crate) struct DotDecoded<'a> {
    /// Decoded weights, `[n_outputs, width]`.
    pub(crate) weights: &'a [f32],
    /// Vectors, `[n_vectors, width]`.
    pub(crate) x: &'a [f32],
    /// Padded number of inputs, a multiple of [`CHUNK`].
    pub(crate) width: usize,
    /// Stored values that are decoded next, brought into the cache meanwhile.
    pub(crate) ahead: &'a [u8],
    /// Results, `[n_outputs, n_vectors]`.
    pub(crate) y: &'a mut [f32],
}

impl Kernel for DotDecoded<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let Self {
            weights, x, width, y, ..
        } = self;
        if width == 0 || x.is_empty() {
            return y.fill(0.0);
        }
        let (n_outputs, n_vectors) = (weights.len() / width, x.len() / width);
        assert!(width.is_multiple_of(CHUNK) && y.len() == n_outputs * n_vectors);
        assert!(weights.len() == n_outputs * width && x.len() == n_vectors * width);
        let n_squares = n_outputs.div_ceil(OUTPUTS) * n_vectors.div_ceil(VECTORS);
        let mut ahead = self.ahead.chunks(self.ahead.len().div_ceil(n_squares).max(1));
        let mut output = 0;
        while output < n_outputs {
            let outputs = if n_outputs - output < OUTPUTS { 1 } else { OUTPUTS };
            let mut vector = 0;
            while vector < n_vectors {
                let vectors = if n_vectors - vector < VECTORS { 1 } else { VECTORS };
                for line in ahead.next().unwrap_or_default().chunks(LINE) {
                    // Safety: the processor has the instruction set (the caller's).
                    unsafe { I::prefetch(line.as_ptr()) };
                }
                let square = Square {
                    weights: weights[output * width..].as_ptr(),
                    x: x[vector * width..].as_ptr(),
                    width,
                    y: y[output * n_vectors + vector..].as_mut_ptr(),
                    n_vectors,
                };
                // Safety: the processor has the instruction set (the caller's), and as many outputs and vectors of
                // `width` and their places in `y` are left as the square has.
                unsafe {
                    match (outputs, vectors) {
                        (OUTPUTS, VECTORS) => square.run::<I, OUTPUTS, VECTORS>(),
                        (OUTPUTS, _) => square.run::<I, OUTPUTS, 1>(),
                        (_, VECTORS) => square.run::<I, 1, VECTORS>(),
                        _ => square.run::<I, 1, 1>(),
                    }
                }
                vector += vectors;
            }
            output += outputs;
        }
    }
}

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Outputs of a square: every register of inputs is loaded once for all outputs.
const OUTPUTS: usize = 2;

/// Vectors of a square: every register of weights is loaded once for all vectors.
const VECTORS: usize = 4;

/// A square of outputs and vectors, whose sums, one register of lanes each, stay in registers.
struct Square {
    /// Weights, `[N, width]`.
    weights: *const f32,
    /// Vectors, `[M, width]`.
    x: *const f32,
    width: usize,
    /// Results, `[N, n_vectors]`; `M` per output are written.
    y: *mut f32,
    n_vectors: usize,
}

impl Square {
    /// # Safety
    ///
    /// The processor has the instruction set, and the pointers lead to as many values as the fields say.
    #[inline(always)]
    unsafe fn run<I: Isa, const N: usize, const M: usize>(self) {
        let Self { weights, x, width, .. } = self;
        let mut lanes = [[[0.0f32; CHUNK]; M]; N];
        // Safety: the caller's.
        unsafe {
            for part in (0..CHUNK).step_by(I::PART) {
                let mut sums = [[I::zero_part(); M]; N];
                for at in (part..width).step_by(CHUNK) {
                    let mut inputs = [I::zero_part(); M];
                    for vector in 0..M {
                        inputs[vector] = I::load_part(x.add(vector * width + at));
                    }
                    for output in 0..N {
                        let weights = I::load_part(weights.add(output * width + at));
                        for vector in 0..M {
                            sums[output][vector] = I::multiply_add_part(weights, inputs[vector], sums[output][vector]);
                        }
                    }
                }
                for output in 0..N {
                    for vector in 0..M {
                        I::store_part(sums[output][vector], lanes[output][vector].as_mut_ptr().add(part));
                    }
                }
            }
            for (output, lanes) in lanes.iter().enumerate() {
                for (vector, lanes) in lanes.iter().enumerate() {
                    let sum = I::sum(I::load(lanes.as_ptr()));
                    self.y.add(output * self.n_vectors + vector).write(sum);
                }
            }
        }
    }
}
