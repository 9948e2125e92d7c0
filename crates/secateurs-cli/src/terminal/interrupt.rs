//! Signals that would end a job without a word.

use std::path::Path;

/// Lets writes beyond the limit on file sizes (`ulimit -f`) fail as other writes do, where their signal would end the process.
#[cfg(unix)]
pub(crate) fn survive_file_limits() {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    // Nobody reads the flag: with a handler, the write returns an error, and that is told.
    let flag = Arc::new(AtomicBool::new(false));
    // Without the handler everything but that signal goes on as before.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, flag);
}

/// Removes `OUT.partial` when the user interrupts a job that cannot be gone on with; then the signal does what it always does.
#[cfg(unix)]
pub(crate) fn tidy_up_after(out: &Path) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let wanted = [SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    // Without the handler only an empty place is left, which the next job takes.
    let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else {
        return;
    };
    let out = out.to_owned();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            secateurs::data::discard_own(&out);
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// Whether this process was started to ignore a signal, as shells do with jobs in the background.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(not(unix))]
pub(crate) fn survive_file_limits() {}

#[cfg(not(unix))]
pub(crate) fn tidy_up_after(_: &Path) {}
