//! Shared set-up of the benches.

use secateurs::allocator::give_back;
use secateurs::{peak_rss_bytes, reset_peak_rss};

/// Memory that a step takes beyond the resident memory before it, MiB; too low where an allocator keeps freed memory.
pub fn step_memory(step: impl FnOnce()) -> f64 {
    give_back();
    reset_peak_rss();
    let before = peak_rss_bytes().unwrap_or(0);
    step();
    (peak_rss_bytes().unwrap_or(0).saturating_sub(before)) as f64 / f64::from(1 << 20)
}
