//! Bytes as text.

use std::fmt::Write;

/// Lower-case hexadecimal digits of `bytes`, two each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
        text
    })
}
