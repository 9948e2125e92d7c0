//! Signals that would end a program without a word.

#[cfg(unix)]
mod unix {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::exit;

    /// Exit codes of processes that a signal ended, as shells count them, begin above this.
    const SIGNALLED: i32 = 128;

    /// A signal that ends the process: Ctrl-C or SIGTERM.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct EndSignal(i32);

    impl EndSignal {
        /// The end in one word: `interrupted` or `terminated`.
        pub fn word(self) -> &'static str {
            if self.0 == SIGINT { "interrupted" } else { "terminated" }
        }

        /// Ends the process with the exit code of the signal, 130 or 143.
        pub fn exit(self) -> ! {
            // Other threads are at work: what would run at a usual end is theirs as well.
            exit(SIGNALLED + self.0)
        }
    }

    /// Lets writes beyond the limit on file sizes (`ulimit -f`) fail as other writes do, where their signal would end the process.
    pub fn survive_file_limits() {
        // Nobody reads the flag: with a handler, the write returns an error, and that is told.
        let flag = Arc::new(AtomicBool::new(false));
        // Without the handler everything but that signal goes on as before.
        let _ = flag::register(SIGXFSZ, flag);
    }

    /// Lets a thread of its own answer the first Ctrl-C or SIGTERM, and end the process; a second one ends it at once.
    ///
    /// An answer that holds a lock, so that other threads wait, ends the process itself by [`EndSignal::exit`].
    ///
    /// Signals that this process was started to ignore, as shells do with jobs in the background, stay ignored.
    pub fn on_end_signal(answer: impl FnOnce(EndSignal) + Send + 'static) {
        let wanted: Vec<i32> = [SIGINT, SIGTERM]
            .into_iter()
            .filter(|signal| !is_ignored(*signal))
            .collect();
        let has_answered = Arc::new(AtomicBool::new(false));
        for &signal in &wanted {
            // Without this handler a second signal waits for the answer to the first.
            let _ = flag::register_conditional_shutdown(signal, SIGNALLED + signal, Arc::clone(&has_answered));
        }
        // Without handlers a signal ends the process as it ends any other.
        let Ok(mut signals) = Signals::new(wanted) else {
            return;
        };
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                has_answered.store(true, Ordering::SeqCst);
                answer(EndSignal(signal));
                EndSignal(signal).exit()
            }
        });
    }

    /// Whether this process was started to ignore a signal.
    fn is_ignored(signal: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
    }
}

#[cfg(unix)]
pub use unix::{EndSignal, on_end_signal, survive_file_limits};

#[cfg(not(unix))]
mod elsewhere {
    /// A signal that ends the process; there is none on this system.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum EndSignal {}

    impl EndSignal {
        /// The end in one word.
        pub fn word(self) -> &'static str {
            match self {}
        }

        /// Ends the process.
        pub fn exit(self) -> ! {
            match self {}
        }
    }

    /// Does nothing: this system has no such limits.
    pub fn survive_file_limits() {}

    /// Does nothing: this system ends the process by itself.
    pub fn on_end_signal(_: impl FnOnce(EndSignal) + Send + 'static) {}
}

#[cfg(not(unix))]
pub use elsewhere::{EndSignal, on_end_signal, survive_file_limits};
