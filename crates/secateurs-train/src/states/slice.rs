//! Training state as plain slices, so that a program can store it wherever it likes.

use half::bf16;

/// A piece of training state.
#[derive(Debug, Clone, Copy)]
pub enum StateSlice<'a> {
    /// Single precision.
    F32(&'a [f32]),
    /// The upper half of single precision.
    Bf16(&'a [bf16]),
    /// Codes of an 8-bit format.
    U8(&'a [u8]),
}

/// A piece of training state to be filled.
#[derive(Debug)]
pub enum StateSliceMut<'a> {
    /// Single precision.
    F32(&'a mut [f32]),
    /// The upper half of single precision.
    Bf16(&'a mut [bf16]),
    /// Codes of an 8-bit format.
    U8(&'a mut [u8]),
}
