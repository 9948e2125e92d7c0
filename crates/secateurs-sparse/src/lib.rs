#![doc = include_str!("../README.md")]

mod choice;
mod error;
mod formats;
mod kernels;
#[cfg(feature = "burn")]
mod linear;
mod numbers;
mod products;
mod tensors;

pub use choice::choose::{Choice, Crossover, Reason, choose};
pub use choice::measured::choose_measured;
pub use error::SparseError;
pub use formats::bitmap::BitmapMatrix;
pub use formats::dense::DenseMatrix;
pub use formats::format::{Format, GroupPattern};
pub use formats::indexed::IndexedMatrix;
pub use formats::matrix::PackedMatrix;
pub use formats::nm::NmMatrix;
pub use kernels::{Level, UnknownLevel};
#[cfg(feature = "burn")]
pub use linear::SparseLinear;
pub use numbers::value_type::{Group, ValueType};
pub use numbers::values::Values;
pub use products::input::Input;
pub use products::lanes::{LANES, Lanes};
pub use products::many::{ManyProduct, multiply_many};
pub use products::multiply::SMALL_BATCH;
pub use products::tile::{Store, Tile};
pub use products::together::multiply_together;
pub use products::vectors::{FloatVectors, VectorType};
pub use tensors::StoredTensor;
