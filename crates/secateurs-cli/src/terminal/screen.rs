//! Standard error as the whole program sees it: its bars, and its last word.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

/// Standard error, shared by the thread that works and the thread that waits for signals.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    bars: MultiProgress,
    last_word: Arc<Mutex<()>>,
}

impl Screen {
    /// A screen without bars.
    pub(crate) fn new() -> Self {
        Self {
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            last_word: Arc::default(),
        }
    }

    /// Shows a bar.
    pub(super) fn add(&self, bar: ProgressBar) -> ProgressBar {
        self.bars.add(bar)
    }

    /// Takes the right to end the program: whoever has it says the last line, and everybody else waits.
    pub(crate) fn last_word(&self) -> LastWord<'_> {
        LastWord {
            screen: self,
            _guard: self.last_word.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// The right to end the program.
pub(crate) struct LastWord<'a> {
    screen: &'a Screen,
    _guard: MutexGuard<'a, ()>,
}

impl LastWord<'_> {
    /// Removes all bars and writes a line in their place.
    pub(crate) fn say(&self, line: &str) {
        // Where even standard error is closed, the exit code has to do.
        let _ = self.screen.bars.clear();
        self.screen.bars.set_draw_target(ProgressDrawTarget::hidden());
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
