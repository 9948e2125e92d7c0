//! Products with 32 vectors side by side that skip zeros.

use super::levels::isa::{CHUNK, Isa, Kernel};

/// Appends the non-zero weights of an output, and their inputs.
pub(crate) struct Compress<'a> {
    /// Padded number of inputs, a multiple of [`CHUNK`].
    pub(crate) weights: &'a [f32],
    pub(crate) entries: &'a mut Vec<Entry>,
}

/// A weight and its input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) weight: f32,
    pub(crate) input: u32,
}

impl Kernel for Compress<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        for (index, chunk) in self.weights.as_chunks::<CHUNK>().0.iter().enumerate() {
            // Safety: the processor has the instruction set (the caller's), and the chunk is whole.
            let mut ones = unsafe { I::nonzero(I::load(chunk.as_ptr())) };
            while ones != 0 {
                let lane = ones.trailing_zeros() as usize;
                self.entries.push(Entry {
                    weight: chunk[lane],
                    input: (index * CHUNK + lane) as u32,
                });
                ones &= ones - 1;
            }
        }
    }
}

/// The product `y[v] = sum_e weight_e x[input_e, v]`, or its addition to `y`, in order.
pub(crate) struct SkipProduct<'a> {
    /// The end of each output's entries.
    pub(crate) ends: &'a [usize],
    /// Entries; their inputs are below `x.len()`.
    pub(crate) entries: &'a [Entry],
    pub(crate) x: &'a [[f32; CHUNK]],
    pub(crate) y: &'a mut [[f32; CHUNK]],
    pub(crate) add: bool,
}

impl Kernel for SkipProduct<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let mut start = 0;
        for (y, end) in self.y.iter_mut().zip(self.ends) {
            // Safety: the processor has the instruction set (the caller's), `x` is indexed with bounds checked, and all
            // rows have 32 values.
            unsafe {
                let mut sum = if self.add { I::load(y.as_ptr()) } else { I::zero() };
                for entry in &self.entries[start..*end] {
                    let x = I::load(self.x[entry.input as usize].as_ptr());
                    sum = I::multiply_add(I::splat(entry.weight), x, sum);
                }
                I::store(sum, y.as_mut_ptr());
            }
            start = *end;
        }
    }
}
