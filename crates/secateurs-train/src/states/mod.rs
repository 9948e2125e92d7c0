//! Vectors of training state, in full precision or in few bits, and as slices that a program can store.

mod float8;
mod moments;
mod quantised;
mod slice;
mod stored;
mod vectors;

pub use float8::{e4m3_from_f32, e4m3_to_f32};
pub use moments::MomentFormat;
pub(crate) use moments::Moments;
pub(crate) use quantised::BLOCK;
pub use slice::{StateSlice, StateSliceMut};
pub use stored::StateFormat;
pub(crate) use stored::{Stored, TASK};
pub(crate) use vectors::{added, distance, masked, squares};
