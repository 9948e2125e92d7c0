//! The operations of an instruction set that loops use.

/// Number of positions handled at a time, and of partial sums of a dot product.
pub(crate) const CHUNK: usize = 32;

/// One instruction set: 32 lanes of `f32`, and the conversions of stored values to lanes.
///
/// `widen_*` reads 32 consecutive values; `expand_*` reads as many as `mask` has ones and puts them at the ones, zero
/// elsewhere.
///
/// # Safety
///
/// Every method needs a processor that has the instruction set. Pointers need no alignment. `widen_*`, `load` and
/// `store` touch 32 values, `load_part` and `store_part` a register's; `expand_*` may read up to [`SLACK`](super::masked::SLACK) bytes past the first value, whatever
/// the mask; `gather` may read all 32 indices, and reads `x` at the first `n` rounded up to a multiple of 16.
pub(crate) trait Isa: Copy {
    /// 32 lanes.
    type Chunk: Copy;
    /// Number of outputs of a [`Block`].
    const ROWS: usize;
    /// One register of a chunk.
    type Part: Copy;
    /// Number of lanes of a register, a divisor of 32.
    const PART: usize;

    unsafe fn zero() -> Self::Chunk;
    unsafe fn zero_part() -> Self::Part;
    unsafe fn load_part(from: *const f32) -> Self::Part;
    unsafe fn store_part(part: Self::Part, to: *mut f32);
    /// Computes `a * b + sum`, rounded once.
    unsafe fn multiply_add_part(a: Self::Part, b: Self::Part, sum: Self::Part) -> Self::Part;
    unsafe fn splat(value: f32) -> Self::Chunk;
    unsafe fn load(from: *const f32) -> Self::Chunk;
    unsafe fn store(chunk: Self::Chunk, to: *mut f32);
    /// Computes `a * b + sum`, rounded once.
    unsafe fn multiply_add(a: Self::Chunk, b: Self::Chunk, sum: Self::Chunk) -> Self::Chunk;
    unsafe fn scale(chunk: Self::Chunk, by: f32) -> Self::Chunk;
    /// Computes `sums[r] + weights[32 r] * x` for the 32 lanes of `x`.
    #[inline(always)]
    unsafe fn outer<const ROWS: usize>(
        mut sums: [Self::Chunk; ROWS],
        weights: *const f32,
        x: *const f32,
    ) -> [Self::Chunk; ROWS] {
        // Safety: the caller's.
        unsafe {
            let x = Self::load(x);
            for row in 0..ROWS {
                sums[row] = Self::multiply_add(Self::splat(weights.add(row * CHUNK).read()), x, sums[row]);
            }
        }
        sums
    }
    /// Runs a block of as many outputs as the registers hold sums.
    unsafe fn block(block: Block);
    /// Adds lanes in halves: 16 + 16, 8 + 8, 4 + 4, 2 + 2, 1 + 1.
    unsafe fn sum(chunk: Self::Chunk) -> f32;
    /// Bits with a one for every lane that is not zero.
    unsafe fn nonzero(chunk: Self::Chunk) -> u32;
    /// Loads the lanes below `n`; the others are zero.
    unsafe fn first(chunk: Self::Chunk, n: usize) -> Self::Chunk;
    /// Gathers `x` at the first `n` indices; the other lanes are zero.
    unsafe fn gather(x: *const f32, indices: *const u16, n: usize) -> Self::Chunk;
    /// Prefetches the memory at `from`, readable or not, into the cache.
    unsafe fn prefetch(from: *const u8);

    unsafe fn widen_f16(from: *const u8) -> Self::Chunk;
    unsafe fn widen_bf16(from: *const u8) -> Self::Chunk;
    unsafe fn widen_i8(from: *const u8) -> Self::Chunk;
    /// Widens two's complement nibbles, the lower half of a byte first.
    unsafe fn widen_i4(from: *const u8) -> Self::Chunk;

    unsafe fn expand_f32(from: *const u8, mask: u32) -> Self::Chunk;
    unsafe fn expand_f16(from: *const u8, mask: u32) -> Self::Chunk;
    unsafe fn expand_bf16(from: *const u8, mask: u32) -> Self::Chunk;
    unsafe fn expand_i8(from: *const u8, mask: u32) -> Self::Chunk;
    /// Expands as [`widen_i4`](Self::widen_i4) widens, from nibble `index` on.
    unsafe fn expand_i4(from: *const u8, index: usize, mask: u32) -> Self::Chunk;
}

/// A loop that can be compiled for any instruction set.
pub(crate) trait Kernel {
    type Output;

    /// Runs the loop. Implementations are `#[inline(always)]`, so that they are compiled within a function that enables
    /// the instruction set.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set.
    unsafe fn run<I: Isa>(self) -> Self::Output;
}

/// Weights that are read one output after the other, 32 inputs at a time.
pub(crate) trait Source {
    /// Position of a reader within an output.
    type Cursor;

    fn d_input(&self) -> usize;

    fn open(&self, output: usize) -> Self::Cursor;

    /// Reads the inputs `32 * chunk ..` of the cursor's output; chunks are read in order.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set, and `chunk < d_input / 32`.
    unsafe fn next<I: Isa>(&self, cursor: &mut Self::Cursor, chunk: usize) -> I::Chunk;

    /// Reads the last `d_input % 32 > 0` inputs, with zeros after them.
    ///
    /// # Safety
    ///
    /// The processor has the instruction set.
    unsafe fn last<I: Isa>(&self, cursor: &mut Self::Cursor) -> I::Chunk;
}

/// A group of outputs whose sums stay in registers.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    /// Weights, `[n_inputs.div_ceil(32)][ROWS][32]`.
    pub(crate) weights: *const f32,
    /// Vectors, `[n_inputs, 32]`.
    pub(crate) x: *const f32,
    pub(crate) n_inputs: usize,
    /// Number of outputs, at most `ROWS`.
    pub(crate) n_rows: usize,
    /// Results, `[n_rows, 32]`.
    pub(crate) y: *mut f32,
    pub(crate) add: bool,
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
