#![doc = include_str!("../README.md")]

mod bitmap;
mod choose;
mod dense;
mod dispatch;
mod error;
mod indexed;
mod input;
mod kernels;
mod lanes;
#[cfg(feature = "burn")]
mod linear;
mod many;
mod masked_parts;
mod matrix;
mod measured;
mod nm;
mod shape;
mod skipping;
mod tensors;
mod tile;
mod together;
mod value_type;
mod values;
mod vector_tiles;
mod vectors;

pub use bitmap::BitmapMatrix;
pub use choose::{Choice, Crossover, Reason, choose};
pub use dense::DenseMatrix;
pub use error::SparseError;
pub use indexed::IndexedMatrix;
pub use input::Input;
pub use kernels::{Level, UnknownLevel};
pub use lanes::{LANES, Lanes};
#[cfg(feature = "burn")]
pub use linear::SparseLinear;
pub use many::{ManyProduct, multiply_many};
pub use matrix::{Format, PackedMatrix, SMALL_BATCH};
pub use measured::choose_measured;
pub use nm::{GroupPattern, NmMatrix};
pub use tensors::StoredTensor;
pub use tile::{Store, Tile};
pub use together::multiply_together;
pub use value_type::{Group, ValueType};
pub use values::Values;
pub use vectors::{FloatVectors, VectorType};
