//! Memory that the process has used.

use std::path::Path;

use secateurs_data::read_text;

/// The largest resident set of this process so far, where the system tells (Linux).
pub fn peak_rss_bytes() -> Option<u64> {
    let status = read_text(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Resets [`peak_rss_bytes`] where the system can (Linux); elsewhere nothing happens.
pub fn reset_peak_rss() {
    // "5" resets the high-water mark (proc(5)). The file takes no rename, so it is written in place; a kernel that
    // refuses leaves the older, higher mark.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
