//! The progress of a claim.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The numbers of finished and of all cells of a claim; the caller decides how they are shown.
#[derive(Debug, Clone)]
pub struct ClaimProgress {
    bar: ProgressBar,
    /// Kept beside the bar, which counts as complete once it is removed.
    n_done: Arc<AtomicUsize>,
    n_taken: Arc<AtomicUsize>,
}

impl ClaimProgress {
    /// A progress that nobody sees, but that counts.
    pub fn hidden() -> Self {
        Self::on(ProgressDrawTarget::hidden())
    }

    /// A progress that a bar shows on standard error; the bar has no length until the cells are counted.
    ///
    /// `style` is given the counter of the cells that an earlier run had measured.
    pub fn shown(style: impl FnOnce(Arc<AtomicUsize>) -> ProgressStyle) -> Self {
        let progress = Self::on(ProgressDrawTarget::stderr());
        progress.bar.set_style(style(Arc::clone(&progress.n_taken)));
        progress.bar.enable_steady_tick(Duration::from_millis(500));
        progress
    }

    fn on(target: ProgressDrawTarget) -> Self {
        Self {
            bar: ProgressBar::with_draw_target(None, target),
            n_done: Arc::default(),
            n_taken: Arc::default(),
        }
    }

    /// Cells that are done, those of an earlier run included.
    pub fn n_done(&self) -> usize {
        self.n_done.load(Ordering::Relaxed)
    }

    /// All cells; unknown before the claim has counted them.
    pub fn n_cells(&self) -> Option<usize> {
        self.bar.length().map(|length| length as usize)
    }

    /// Removes the bar.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    pub(super) fn say(&self, what: String) {
        self.bar.set_message(what);
    }

    pub(super) fn count_on(&self, n_cells: usize) {
        self.bar.set_length(n_cells as u64);
    }

    pub(super) fn finish_cell(&self) {
        self.n_done.fetch_add(1, Ordering::Relaxed);
        self.bar.inc(1);
    }

    pub(super) fn take_cell(&self) {
        self.n_taken.fetch_add(1, Ordering::Relaxed);
        self.finish_cell();
    }
}
