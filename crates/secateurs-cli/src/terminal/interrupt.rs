//! Signals, which would otherwise end a job without a word.

#[cfg(unix)]
mod unix {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use secateurs::data::{AbandonedWork, abandon_work};
    use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::exit;

    use crate::terminal::screen::Screen;

    /// Exit codes of processes that a signal ended, as shells count them, begin above this.
    const SIGNALLED: i32 = 128;

    /// Lets writes beyond the limit on file sizes (`ulimit -f`) fail as other writes do, where their signal would end the process.
    pub(crate) fn survive_file_limits() {
        // Nobody reads the flag: with a handler, the write returns an error, and that is told.
        let flag = Arc::new(AtomicBool::new(false));
        // Without the handler everything but that signal goes on as before.
        let _ = signal_hook::flag::register(SIGXFSZ, flag);
    }

    /// Lets Ctrl-C and SIGTERM end every command with one line, exit code 130 or 143, and no unfinished work except what
    /// `--resume` continues.
    pub(crate) fn end_in_order(screen: &Screen) {
        let ignored = ignored_signals();
        let wanted = [SIGINT, SIGTERM]
            .into_iter()
            .filter(|signal| ignored >> (signal - 1) & 1 == 0);
        // Without handlers a signal ends the process as it ends any other.
        let Ok(mut signals) = Signals::new(wanted) else {
            return;
        };
        let screen = screen.clone();
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                let last_word = screen.last_word();
                last_word.say(&line(signal, &abandon_work()));
                // Other threads are at work: what would run at a usual end is theirs as well.
                exit(SIGNALLED + signal);
            }
        });
    }

    /// The signals that this process was started to ignore, a bit each; shells do so with jobs in the background.
    fn ignored_signals() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or(0)
    }

    fn line(signal: i32, work: &AbandonedWork) -> String {
        let end = if signal == SIGINT { "interrupted" } else { "terminated" };
        if let Some(place) = work.kept.first() {
            let place = place.display();
            return format!("{end}; finished work is in {place}: repeat the command with --resume to continue");
        }
        match work.removed.first() {
            Some(_) => format!("{end}; nothing was finished, and nothing is left behind"),
            None => match work.published.last() {
                Some(out) => format!("{end}; {} is finished", out.display()),
                None => end.to_owned(),
            },
        }
    }
}

#[cfg(unix)]
pub(crate) use unix::{end_in_order, survive_file_limits};

#[cfg(not(unix))]
pub(crate) fn survive_file_limits() {}

#[cfg(not(unix))]
pub(crate) fn end_in_order(_: &crate::terminal::screen::Screen) {}
