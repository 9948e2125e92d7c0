//! Tables of comma-separated fields without quoted commas.

use std::path::Path;

use crate::{DatasetError, Result};

/// The fields of every line after the header; `path` is for error messages.
pub(crate) fn split_fields<'a, const N: usize>(text: &'a str, path: &Path) -> Result<Vec<[&'a str; N]>> {
    let lines = text.lines().enumerate().skip(1);
    let fields = lines.map(|(index, line)| {
        let fields: Vec<&str> = line.split(',').collect();
        <[&str; N]>::try_from(fields).map_err(|fields| {
            let found = format!("{} in line {}", fields.len(), index + 1);
            DatasetError::malformed(path, format!("{N} fields in a line"), found)
        })
    });
    fields.collect()
}

/// Parses the number in a field.
pub(crate) fn parse_number<N: std::str::FromStr>(field: &str, path: &Path) -> Result<N> {
    let number = field.parse();
    number.map_err(|_| DatasetError::malformed(path, "a number", format!("{field:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_other_lengths_and_other_texts_are_refused() {
        let path = Path::new("x.csv");
        let rows = split_fields::<2>("a,b\n1,2\n3,x\n", path).expect("two fields a line");
        assert_eq!(rows, [["1", "2"], ["3", "x"]]);
        assert_eq!(parse_number::<f32>(rows[0][1], path).expect("a number"), 2.0);
        let error = parse_number::<f32>(rows[1][1], path).expect_err("a letter").to_string();
        assert_eq!(error, "x.csv: expected a number, found \"x\"");
        let error = split_fields::<2>("a,b\n1,2\n3\n", path)
            .expect_err("one field")
            .to_string();
        assert_eq!(error, "x.csv: expected 2 fields in a line, found 1 in line 3");
    }
}
