//! The inner loops, once for every instruction set.
//!
//! A loop is written over [`Isa`], which knows 32 lanes of `f32` and how packed values become such lanes; [`Level`]
//! compiles it for every instruction set and picks one at run time. All of them add the same products in the same order,
//! so a result has the same bits on every processor: lane `l` sums the positions `l, l + 32, ..` with fused
//! multiply-adds, and the lanes are added in halves, 16 + 16, 8 + 8, down to one. Products with many vectors
//! ([`tile`]) have the vectors in the lanes instead.
#![allow(unsafe_code)]
// Arrays of registers are indexed: iterators over references would put them into memory.
#![allow(clippy::needless_range_loop)]

#[cfg(target_endian = "big")]
compile_error!("values are read as they lie in files: little-endian");

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub(crate) mod combine;
pub(crate) mod decode;
pub(crate) mod dense;
pub(crate) mod dot;
pub(crate) mod indexed;
mod isa;
mod level;
pub(crate) mod masked;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
pub(crate) mod scales;
pub(crate) mod skip;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod table;
pub(crate) mod tile;
pub(crate) mod value;

pub(crate) use isa::CHUNK;
pub use level::{Level, UnknownLevel};
