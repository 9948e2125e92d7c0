//! Text files.

use std::path::Path;

use crate::Result;
use crate::error::{IoContext, malformed};

/// Reads a UTF-8 text file without its byte order mark, if it has one, and with line ends as `\n`.
///
/// Line ends are unified because the figures of the literature come from Python, whose text mode does so: the
/// WikiText-2 test file that goes around has `\r\n`, and perplexity on it differs by one percent between the two.
///
/// # Errors
///
/// A system error, or [`DataError::Malformed`](crate::DataError::Malformed) naming the first byte that is not UTF-8, or the
/// encoding where the file says that it has another.
pub fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).during("read", path)?;
    if let Some(name) = other_encoding(&bytes) {
        return Err(malformed(path, "UTF-8", format!("it is {name}; save it as UTF-8")));
    }
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

/// The encoding of a file that is not UTF-8, where its first bytes show it.
fn other_encoding(bytes: &[u8]) -> Option<&'static str> {
    let is_wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    // Without a mark, half of the bytes of plain text are zero.
    let looks_wide = matches!(bytes, [0, 1..=255, 0, 1..=255, ..] | [1..=255, 0, 1..=255, 0, ..]);
    match bytes {
        _ if is_wide || looks_wide => Some("UTF-16"),
        [0x1f, 0x8b, ..] => Some("compressed with gzip"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_encodings_are_named() {
        for (bytes, name) in [
            (&b"\xff\xfea\0b\0"[..], "UTF-16"),
            (b"\xfe\xff\0a\0b", "UTF-16"),
            (b"a\0b\0", "UTF-16"),
            (b"\x1f\x8b\x08\0", "gzip"),
            (b"caf\xe9", "byte 3"),
        ] {
            let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
            std::fs::write(file.path(), bytes).expect("it can be written");
            let error = read_text(file.path()).expect_err("it is not UTF-8").to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn line_ends_are_unified_and_the_byte_order_mark_goes() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), "\u{feff}a\r\nb\rc\n").expect("it can be written");
        assert_eq!(read_text(file.path()).expect("it is UTF-8"), "a\nb\nc\n");
    }
}
