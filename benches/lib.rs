//! Shared set-up of the benches.

use secateurs::allocator::give_back;
use secateurs::{peak_rss_bytes, reset_peak_rss};

/// Memory that a step takes over what is resident before, MiB; less than it needs where an allocator keeps what is free.
pub fn step_memory(step: impl FnOnce()) -> f64 {
    give_back();
    reset_peak_rss();
    let before = peak_rss_bytes().unwrap_or(0);
    step();
    (peak_rss_bytes().unwrap_or(0).saturating_sub(before)) as f64 / f64::from(1 << 20)
}
