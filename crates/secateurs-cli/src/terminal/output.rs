//! Results on standard output, for people and for programs.

use std::io::Write;

use serde::Serialize;

use crate::error::CliError;

/// Writes text to standard output.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(CliError::Output)
}

/// Writes a value as JSON to standard output.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    print(&(serde_json::to_string_pretty(value).map_err(CliError::Json)? + "\n"))
}

/// A path in JSON, which is Unicode: bytes that are no UTF-8 become the replacement character.
pub(crate) fn lossy_path<S: serde::Serializer>(path: &std::path::Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

/// A table in plain text: the first column to the left, the others to the right.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The table, one line a row.
    pub(crate) fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|c| c.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &self.rows {
            let cells = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, &width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                });
            let line = cells.collect::<Vec<_>>().join("  ");
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// `0.4567` as `45.67%`.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.2}%", 100.0 * fraction)
}

/// `1536` as `1.5 KiB`.
pub(crate) fn bytes(count: u64) -> String {
    let mut value = count as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            let digits = if unit == "B" { 0 } else { 1 };
            return format!("{value:.digits$} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// `1234567` as `1.23M`.
pub(crate) fn quantity(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", count as f64 / 1e6),
        _ => format!("{:.2}B", count as f64 / 1e9),
    }
}

/// `83.4` as `1m23s`, short times with a fraction.
pub(crate) fn seconds(value: f64) -> String {
    let whole = value.max(0.0).round() as u64;
    match whole {
        0..10 => format!("{value:.2}s"),
        10..60 => format!("{value:.1}s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// A path in the model with the number of its block replaced by a star, so that like layers come together.
pub(crate) fn kind_of(path: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    path.split('.')
        .map(|part| if is_number(part) { "*" } else { part })
        .collect::<Vec<_>>()
        .join(".")
}

/// A path in the model up to the number of its block; the whole path outside of blocks.
pub(crate) fn block_of(path: &str) -> &str {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut end = 0;
    for part in path.split('.') {
        end += part.len();
        if is_number(part) {
            return &path[..end];
        }
        end += 1;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(quantity(134_515_008), "134.5M");
        assert_eq!(seconds(83.4), "1m23s");
        assert_eq!(seconds(0.123), "0.12s");
        assert_eq!(percent(0.5), "50.00%");
    }

    #[test]
    fn paths_are_grouped_by_block_and_by_kind() {
        let path = "model.layers.12.mlp.up_proj.weight";
        assert_eq!(block_of(path), "model.layers.12");
        assert_eq!(kind_of(path), "model.layers.*.mlp.up_proj.weight");
        assert_eq!(block_of("model.norm.weight"), "model.norm.weight");
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["name", "n"]);
        table.row(["a".into(), "10".into()]);
        assert_eq!(table.render(), "name   n\na     10\n");
    }
}
