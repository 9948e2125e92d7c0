//! The inner loops, compiled for every instruction set.
//!
//! A loop is written over [`Isa`](levels::isa::Isa), which knows 32 lanes of `f32` and how packed values become such lanes; [`Level`]
//! compiles it for every instruction set and picks one at run time. All of them add the same products in the same order,
//! so a result has the same bits on every processor: lane `l` sums the positions `l, l + 32, ..` with fused
//! multiply-adds, and the lanes are added in halves, 16 + 16, 8 + 8, down to one. Products with many vectors
//! ([`tile`]) have the vectors in the lanes instead.
#![allow(unsafe_code)]
// Arrays of registers are indexed: iterators over references would put them into memory.
#![allow(clippy::needless_range_loop)]

#[cfg(target_endian = "big")]
compile_error!("values are read as they lie in files: little-endian");

pub(crate) mod combine;
pub(crate) mod decode;
pub(crate) mod dense;
pub(crate) mod dot;
pub(crate) mod indexed;
pub(crate) mod levels;
pub(crate) mod masked;
pub(crate) mod scales;
pub(crate) mod skip;
pub(crate) mod tile;
pub(crate) mod value;

pub(crate) use levels::isa::CHUNK;
pub use levels::level::{Level, UnknownLevel};
