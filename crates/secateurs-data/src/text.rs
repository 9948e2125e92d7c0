//! Text files.

use std::path::Path;

use crate::Result;
use crate::error::{IoContext, malformed};

/// Reads a UTF-8 text file, without a byte order mark if it has one, its line ends as `\n`.
///
/// Line ends are unified because the figures of the literature come from Python, whose text mode does so: the
/// WikiText-2 test file that goes around has `\r\n`, and perplexity on it differs by one percent between the two.
///
/// # Errors
///
/// A system error, or [`DataError::Malformed`](crate::DataError::Malformed) naming the first byte that is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).during("read", path)?;
    let mut text = String::from_utf8(bytes).map_err(|e| {
        malformed(
            path,
            "UTF-8",
            format!("byte {} is invalid", e.utf8_error().valid_up_to()),
        )
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_unified_and_the_byte_order_mark_goes() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), "\u{feff}a\r\nb\rc\n").expect("it can be written");
        assert_eq!(read_text(file.path()).expect("it is UTF-8"), "a\nb\nc\n");
    }
}
