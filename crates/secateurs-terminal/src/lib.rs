#![doc = include_str!("../README.md")]

mod one_line;
mod panics;
mod signals;

pub use one_line::one_line;
pub use panics::{CaughtPanic, catch_panic};
pub use signals::{EndSignal, on_end_signal, survive_file_limits};
