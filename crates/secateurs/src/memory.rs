//! How much memory the process has used.

use std::path::Path;

use secateurs_data::read_text;

/// The largest resident set of this process so far, where the system tells (Linux).
pub fn peak_rss_bytes() -> Option<u64> {
    let status = read_text(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}
