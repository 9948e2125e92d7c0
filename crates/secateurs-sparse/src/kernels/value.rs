//! Storage types of values.
//!
//! Every function is as unsafe as the trait says, and passes that contract on.
#![allow(unsafe_op_in_unsafe_fn)]

use super::levels::isa::{CHUNK, Isa};

/// A storage type: selects the conversion of the instruction set that reads it.
pub(crate) trait Value: Copy {
    /// Bits of one stored value.
    const BITS: usize;

    /// Reads 32 consecutive values from `index` on.
    ///
    /// # Safety
    ///
    /// As for [`Isa`]; `values` is the address of value 0.
    unsafe fn widen<I: Isa>(values: *const u8, index: usize) -> I::Chunk;

    /// Reads the values from `index` on, one for each one of `mask`.
    ///
    /// # Safety
    ///
    /// As for [`Isa`]; `values` is the address of value 0.
    unsafe fn expand<I: Isa>(values: *const u8, index: usize, mask: u32) -> I::Chunk;
}

/// Bytes of 32 values of the widest type.
pub(crate) const WIDEST_CHUNK: usize = 4 * CHUNK;

macro_rules! values {
    ($($(#[$meta:meta])* $name:ident: $bytes:literal, $widen:ident, $expand:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name;

        impl Value for $name {
            const BITS: usize = 8 * $bytes;

            #[inline(always)]
            unsafe fn widen<I: Isa>(values: *const u8, index: usize) -> I::Chunk {
                I::$widen(values.add($bytes * index).cast())
            }

            #[inline(always)]
            unsafe fn expand<I: Isa>(values: *const u8, index: usize, mask: u32) -> I::Chunk {
                I::$expand(values.add($bytes * index), mask)
            }
        }
    )*};
}

values! {
    F32: 4, load, expand_f32;
    F16: 2, widen_f16, expand_f16;
    Bf16: 2, widen_bf16, expand_bf16;
    Int8: 1, widen_i8, expand_i8;
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Int4;

impl Value for Int4 {
    const BITS: usize = 4;

    #[inline(always)]
    unsafe fn widen<I: Isa>(values: *const u8, index: usize) -> I::Chunk {
        debug_assert!(index.is_multiple_of(2), "a chunk starts at a whole byte");
        I::widen_i4(values.add(index / 2))
    }

    #[inline(always)]
    unsafe fn expand<I: Isa>(values: *const u8, index: usize, mask: u32) -> I::Chunk {
        I::expand_i4(values, index, mask)
    }
}
