//! Running text, and files that are mistaken for it.

use std::path::Path;

use secateurs_data::read_text;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::text::error::TextError;
use crate::trace::format::has_header;

/// Reads a UTF-8 text for calibration, training or measurement. It is read once, so it may come through a pipe.
///
/// # Errors
///
/// If it cannot be read, or it is no running text: traces, or JSON, whose names and brackets would be read as text.
pub fn read_plain_text(path: &Path) -> Result<String, TextError> {
    let text = read_text(path)?;
    if has_header(&text, path) {
        return Err(TextError::TracesAsText { path: path.to_owned() });
    }
    match is_json_lines(&text) || is_json(&text) {
        true => Err(TextError::JsonLinesAsText { path: path.to_owned() }),
        false => Ok(text),
    }
}

/// Whether the first non-blank lines, up to three, are all JSON objects.
pub(crate) fn is_json_lines(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(3);
    let is_object = |line: &str| serde_json::from_str::<Map<String, Value>>(line).is_ok();
    lines.clone().next().is_some() && lines.clone().all(is_object)
}

/// Whether a text consists of JSON objects and arrays only, on any number of lines.
fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    text.starts_with(['{', '['])
        && serde_json::Deserializer::from_str(text)
            .into_iter::<IgnoredAny>()
            .all(|value| value.is_ok())
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
            ("[sic] twig", true),
            ("[1] twig {2} bud", true),
            ("{\n  \"text\": \"twig\"\n}\n", false),
            ("[{\"text\": \"twig\"},\n {\"text\": \"bud\"}]\n", false),
            ("{\"text\": \"twig\"} {\"text\": \"bud\"}", false),
            ("\u{feff}\u{feff}{\"text\": \"twig\"}\n", false),
            ("# traces\n{\"format\":\"secateurs-traces\",\"version\":1}\n", false),
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
