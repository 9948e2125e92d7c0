//! Running text, and what is taken for it by mistake.

use std::path::Path;

use secateurs_data::read_text;
use serde_json::{Map, Value};

use crate::Error;
use crate::trace::is_trace_file;

/// Reads a UTF-8 text to calibrate, train or measure on.
///
/// # Errors
///
/// If it cannot be read, or it is no running text: traces, or JSON lines, whose names and brackets would be read as text.
pub fn read_plain_text(path: &Path) -> Result<String, Error> {
    if is_trace_file(path) {
        return Err(Error::TracesAsText { path: path.to_owned() });
    }
    let text = read_text(path)?;
    match is_json_lines(&text) {
        true => Err(Error::JsonLinesAsText { path: path.to_owned() }),
        false => Ok(text),
    }
}

/// Whether the first lines with anything on them, up to three, are all JSON objects.
pub(crate) fn is_json_lines(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(3);
    let is_object = |line: &str| serde_json::from_str::<Map<String, Value>>(line).is_ok();
    lines.clone().next().is_some() && lines.clone().all(is_object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_are_no_running_text() {
        for (content, is_text) in [
            ("twig bud\n", true),
            ("", true),
            ("{\"a\": 1} is an object.\n", true),
            ("{\"text\": \"twig\"}\nbud\n", true),
            ("{\n  \"text\": \"twig\"\n}\n", true),
            ("{\"text\": \"twig\"}\n", false),
            ("\u{feff}\r\n{\"text\": \"twig\"}\r\n\r\n{\"text\": \"bud\"}\r\n", false),
            ("\n{\"format\":\"secateurs-traces\",\"version\":9}\ntwig\n", false),
        ] {
            let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
            std::fs::write(file.path(), content).expect("it can be written");
            assert_eq!(read_plain_text(file.path()).is_ok(), is_text, "{content:?}");
        }
    }
}
