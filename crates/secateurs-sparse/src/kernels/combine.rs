//! Weighted sums of vectors.

use super::levels::isa::{CHUNK, Isa, Kernel};
use super::value::{Value, WIDEST_CHUNK};

use std::marker::PhantomData;

/// The weighted sum `out[j] = sum_t shares[t] vectors[t, j]`, added over `t` in order.
pub(crate) struct Combine<'a, V> {
    /// Vectors: `[shares.len(), out.len()]` values of type `V`.
    pub(crate) vectors: &'a [u8],
    pub(crate) shares: &'a [f32],
    pub(crate) out: &'a mut [f32],
    pub(crate) value: PhantomData<V>,
}

impl<V: Value> Kernel for Combine<'_, V> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let stride = self.out.len() * V::BITS / 8;
        assert!(V::BITS >= 8 && self.vectors.len() == self.shares.len() * stride);
        for start in (0..self.out.len()).step_by(CHUNK) {
            let out = &mut self.out[start..];
            let from = start * V::BITS / 8;
            // Safety: the processor has the instruction set (the caller's); chunks that reach past the end of a vector
            // are copied into whole ones.
            unsafe {
                if out.len() >= CHUNK {
                    let mut sum = I::zero();
                    for (share, vector) in self.shares.iter().zip(self.vectors.chunks_exact(stride)) {
                        let chunk = V::widen::<I>(vector.as_ptr().add(from), 0);
                        sum = I::multiply_add(chunk, I::splat(*share), sum);
                    }
                    I::store(sum, out.as_mut_ptr());
                } else {
                    let mut sum = I::zero();
                    for (share, vector) in self.shares.iter().zip(self.vectors.chunks_exact(stride)) {
                        let mut padded = [0u8; WIDEST_CHUNK];
                        padded[..stride - from].copy_from_slice(&vector[from..]);
                        sum = I::multiply_add(V::widen::<I>(padded.as_ptr(), 0), I::splat(*share), sum);
                    }
                    let mut last = [0.0; CHUNK];
                    I::store(sum, last.as_mut_ptr());
                    out.copy_from_slice(&last[..out.len()]);
                }
            }
        }
    }
}
