//! The allocator for binaries that train.

#![allow(unsafe_code)]

use std::ffi::c_long;

use libmimalloc_sys::{mi_collect, mi_option_get, mi_option_set, mi_option_t};
pub use mimalloc::MiMalloc;

/// The option `mi_option_purge_delay` of mimalloc, which its bindings do not name; the same number in its versions 2
/// and 3.
const PURGE_DELAY: mi_option_t = 15;

/// Default of the delay, in milliseconds.
const DEFAULT_DELAY: c_long = 1000;

/// A guard that makes [`MiMalloc`] keep freed memory instead of giving it back to the system.
///
/// A training step takes and frees the same gigabytes of tensors again and again. Pages given back in between are cleared
/// by the system before they return, which costs a fifth of a step on a CPU. The resident memory is then what was in use
/// at the peak.
///
/// Without effect where another allocator is installed, or where `MIMALLOC_PURGE_DELAY` says what to do.
///
/// # Examples
///
/// ```
/// use secateurs_lm::allocator::{KeptMemory, MiMalloc};
///
/// #[global_allocator]
/// static ALLOCATOR: MiMalloc = MiMalloc;
///
/// let kept = KeptMemory::new();
/// // Eight steps that take and free the same 16 MiB.
/// let sums: Vec<f32> = (0..8).map(|_| vec![0.5; 1 << 22].iter().sum()).collect();
/// drop(kept);
/// assert_eq!(sums, [2_097_152.0; 8]);
/// ```
#[derive(Debug)]
#[must_use = "memory is given back as soon as this is dropped"]
pub struct KeptMemory {
    before: c_long,
}

impl KeptMemory {
    /// Makes the allocator keep memory from now on.
    pub fn new() -> Self {
        // SAFETY: both functions accept any number of an option; the value is an atomic of the allocator.
        let before = unsafe { mi_option_get(PURGE_DELAY) };
        if before == DEFAULT_DELAY {
            // SAFETY: as above.
            unsafe { mi_option_set(PURGE_DELAY, -1) };
        }
        Self { before }
    }
}

impl Default for KeptMemory {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for KeptMemory {
    fn drop(&mut self) {
        // SAFETY: as in `new`.
        unsafe { mi_option_set(PURGE_DELAY, self.before) };
    }
}

/// Gives free memory back to the system at once, so that a measurement of memory does not count memory freed before it.
///
/// Without effect where another allocator is installed.
pub fn give_back() {
    // SAFETY: may be called at any time; it moves nothing that is in use.
    unsafe { mi_collect(true) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the number of the option, which a release of mimalloc might change.
    #[test]
    fn the_delay_is_switched_off_and_restored() {
        // SAFETY: as in `KeptMemory::new`.
        let delay = || unsafe { mi_option_get(PURGE_DELAY) };
        let before = delay();
        if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
            assert_eq!(before, DEFAULT_DELAY);
        }
        let kept = KeptMemory::new();
        assert_eq!(delay(), if before == DEFAULT_DELAY { -1 } else { before });
        drop(kept);
        assert_eq!(delay(), before);
    }
}
