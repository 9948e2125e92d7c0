//! What the program shows, and how it ends.

pub(crate) mod interrupt;
pub(crate) mod output;
pub(crate) mod panics;
pub(crate) mod progress;
