//! The few settings of pykan's YAML file that say what the tensors mean.

use std::path::Path;

use secateurs_data::DataError;
use secateurs_kan::{Affine, Width};

use super::unsupported;
use crate::Error;

/// What is needed of the settings.
pub(super) struct Config {
    pub(super) widths: Vec<Width>,
    pub(super) degree: usize,
    pub(super) affine: Affine,
    /// Whether edges with formulas are added.
    pub(super) has_symbolic: bool,
    /// What the functions on edges are called, of each layer `[n_subnodes][d_input]`; empty where the file does not say.
    pub(super) functions: Vec<Vec<Vec<String>>>,
}

impl Config {
    /// Reads the block style that pykan writes; keys that are not needed may be anything.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, Error> {
        let bad = |key: &str| -> Error {
            DataError::Malformed {
                path: path.to_owned(),
                format: "pykan configuration",
                problem: format!("{key} is missing, or not what pykan writes"),
            }
            .into()
        };
        let scalar = |key: &str| scalar(text, key).ok_or_else(|| bad(key));
        let flag = |key: &str| match scalar(key)? {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(bad(key)),
        };
        let base = scalar("base_fun_name")?;
        if base != "silu" {
            return Err(unsupported(path, format!("the base function {base}")));
        }
        let arity = match scalar("mult_arity")? {
            "" | "[]" => return Err(unsupported(path, "products of different arities".to_owned())),
            arity => arity.parse().map_err(|_| bad("mult_arity"))?,
        };
        let widths = widths(text).filter(|widths| widths.len() > 1);
        let widths = widths.ok_or_else(|| bad("width"))?;
        let functions = (0..widths.len() - 1).map(|layer| {
            let rows = rows(text, &format!("symbolic.funs_name.{layer}")).unwrap_or_default();
            let owned = |row: Vec<&str>| row.into_iter().map(str::to_owned).collect();
            rows.into_iter().map(owned).collect()
        });
        let functions = functions.collect();
        let widths = widths.into_iter();
        Ok(Self {
            functions,
            widths: widths.map(|[sums, products]| Width { sums, products, arity }).collect(),
            degree: scalar("k")?.parse().map_err(|_| bad("k"))?,
            affine: if flag("affine_trainable")? {
                Affine::Trained
            } else {
                Affine::Fixed
            },
            has_symbolic: flag("symbolic_enabled")?,
        })
    }
}

/// What stands beside a key; nothing if lines below it have its value.
fn scalar<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    values.next().map(|value| value.trim().trim_matches('\''))
}

/// Pairs of sums and products, or sums only.
fn widths(text: &str) -> Option<Vec<[usize; 2]>> {
    let width = |row: Vec<&str>| match row[..] {
        [sums] => Some([sums.parse().ok()?, 0]),
        [sums, products] => Some([sums.parse().ok()?, products.parse().ok()?]),
        _ => None,
    };
    rows(text, "width")?.into_iter().map(width).collect()
}

/// The rows below a key: lines `- - 2` and `  - 0`, or `- 2` for a row of one.
fn rows<'a>(text: &'a str, key: &str) -> Option<Vec<Vec<&'a str>>> {
    let mut lines = text
        .lines()
        .skip_while(|line| line.trim_end().strip_suffix(':') != Some(key));
    lines.next()?;
    let unquoted = |value: &'a str| value.trim().trim_matches('\'');
    let mut rows: Vec<Vec<&str>> = Vec::new();
    for line in lines.take_while(|line| line.starts_with([' ', '-'])) {
        if let Some(value) = line.strip_prefix("  - ") {
            rows.last_mut()?.push(unquoted(value));
        } else {
            let value = line.strip_prefix("- ")?;
            rows.push(vec![unquoted(value.strip_prefix("- ").unwrap_or(value))]);
        }
    }
    Some(rows)
}
