//! Constants in the form of each syntax.

use crate::written::syntax::Syntax;

/// Number of characters by which a number without a power of ten may be longer than with one.
const MOST_LONGER: usize = 3;

/// A constant in writing: the shortest digits that give the same number, with a power of ten where that is much
/// shorter.
pub(crate) struct Number {
    pub(crate) text: String,
    /// Whether the number has a power of ten that is written as a factor.
    pub(crate) is_product: bool,
}

impl Number {
    pub(crate) fn new(value: f64, syntax: Syntax) -> Self {
        let plain = |text: String| Self {
            text,
            is_product: false,
        };
        if !value.is_finite() {
            return plain(without_digits(value, syntax));
        }
        let [short, long] = [format!("{value}"), format!("{value:e}")];
        let everyday = value == 0.0 || (1e-4..1e9).contains(&value.abs());
        let is_short = everyday && short.len() <= long.len() + MOST_LONGER;
        match (syntax, long.split_once('e')) {
            (Syntax::Rust, _) => plain(format!("{value:?}_f64")),
            (Syntax::Latex, Some((mantissa, power))) if !is_short => Self {
                text: match mantissa {
                    "1" => format!("10^{{{power}}}"),
                    "-1" => format!("-10^{{{power}}}"),
                    mantissa => format!("{mantissa} \\cdot 10^{{{power}}}"),
                },
                is_product: true,
            },
            _ => plain(if is_short { short } else { long }),
        }
    }
}

/// Infinity or NaN, which [`Formula::new`](crate::Formula::new) refuses.
fn without_digits(value: f64, syntax: Syntax) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let name = match (value.is_nan(), syntax) {
        (true, Syntax::Text) => "nan",
        (true, Syntax::Latex) => "\\mathrm{NaN}",
        (true, Syntax::Rust) => "f64::NAN",
        (false, Syntax::Text) => "inf",
        (false, Syntax::Latex) => "\\infty",
        (false, Syntax::Rust) => "f64::INFINITY",
    };
    format!("{sign}{name}")
}

/// The value as a reader types it.
pub(crate) fn typed(value: f64) -> String {
    Number::new(value, Syntax::Text).text
}
