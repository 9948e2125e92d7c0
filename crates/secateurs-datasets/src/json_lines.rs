//! Files with one JSON object per line.

use std::path::Path;

use secateurs_data::read_text;
use serde_json::Value;

use crate::{DatasetError, Result};

/// The texts of some fields of every object, without white space around them: `[n_objects][n_fields]`.
///
/// # Errors
///
/// [`DatasetError::Data`] if the file cannot be read as text, [`DatasetError::Malformed`] naming the line that is no object or
/// has no text in a field.
pub fn read_json_fields(path: &Path, fields: &[&str]) -> Result<Vec<Vec<String>>> {
    let text = read_text(path)?;
    let lines = text.lines().enumerate();
    lines
        .map(|(index, line)| read_line(path, index + 1, line, fields))
        .collect()
}

fn read_line(path: &Path, number: usize, line: &str, fields: &[&str]) -> Result<Vec<String>> {
    let object: Value = serde_json::from_str(line).map_err(|error| {
        let found = format!("line {number}: {error}");
        DatasetError::malformed(path, "a JSON object on every line", found)
    })?;
    let text = |field: &&str| {
        let text = object[*field].as_str().map(|text| text.trim().to_owned());
        text.ok_or_else(|| {
            let found = format!("line {number} without one");
            DatasetError::malformed(path, format!("a text {field:?}"), found)
        })
    };
    fields.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<String>>> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        std::fs::write(file.path(), text).expect("it can be written");
        read_json_fields(file.path(), &["a", "b"])
    }

    #[test]
    fn fields_come_in_the_order_asked_for() {
        let lines = "{\"b\": \" 2\", \"a\": \"1\\n\"}\n{\"a\": \"\", \"b\": \"x\", \"c\": 0}\n";
        assert_eq!(read(lines).expect("valid"), [["1", "2"], ["", "x"]]);
    }

    #[test]
    fn lines_without_a_text_are_named() {
        for (lines, named) in [
            ("{\"a\": \"1\", \"b\": 2}", "\"b\""),
            ("{}\n", "line 1"),
            ("\n", "line 1"),
            ("1", "\"a\""),
        ] {
            let error = read(lines).expect_err("malformed").to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
