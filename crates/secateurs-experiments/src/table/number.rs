//! Numbers as a reader wants them: four significant digits.

use crate::outcome::Row;

/// At most four significant digits, no trailing zeros; very large and very small numbers have an exponent.
///
/// ```
/// use secateurs_experiments::table::format_number;
///
/// assert_eq!(format_number(7.2613), "7.261");
/// assert_eq!(format_number(28.0), "28");
/// assert_eq!(format_number(0.000123), "1.23e-4");
/// ```
pub fn format_number(value: f64) -> String {
    match significant_decimals(value) {
        None => {
            let text = format!("{value:.3e}");
            let (digits, exponent) = text.split_once('e').expect("this notation has an exponent");
            format!("{}e{exponent}", without_trailing_zeros(digits))
        }
        Some(decimals) => without_trailing_zeros(&format!("{value:.decimals$}")).to_owned(),
    }
}

fn without_trailing_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// The row's number with its spread to the same decimals: `45.50 ± 0.25`; `not finite` if it has no number.
pub fn format_row_value(row: &Row) -> String {
    match (row.value(), row.spread_value()) {
        (None, _) => "not finite".to_owned(),
        (Some(value), None) => format_number(value),
        (Some(value), Some(spread)) => match significant_decimals(value) {
            None => format!("{value:.3e} ± {spread:.1e}"),
            Some(_) if value.fract() == 0.0 && spread.fract() == 0.0 => format!("{value} ± {spread}"),
            Some(decimals) => format!("{value:.decimals$} ± {spread:.decimals$}"),
        },
    }
}

/// Decimals that leave four significant digits, `None` where an exponent is shorter.
fn significant_decimals(value: f64) -> Option<usize> {
    match value.abs() {
        0.0 => Some(3),
        magnitude if !(1e-3..1e7).contains(&magnitude) => None,
        magnitude => Some((3 - magnitude.log10().floor() as i32).max(0) as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_significant_digits_at_every_size() {
        let cases = [
            (0.0, "0"),
            (-7.2613, "-7.261"),
            (99.996, "100"),
            (1234.56, "1235"),
            (2.5e8, "2.5e8"),
            (0.25, "0.25"),
        ];
        for (value, text) in cases {
            assert_eq!(format_number(value), text);
        }
    }

    #[test]
    fn spread_has_the_decimals_of_its_value() {
        let row = |value: f64, spread: f64| format_row_value(&Row::new("a", "m", value).spread(spread));
        assert_eq!(row(45.5, 0.25), "45.50 ± 0.25");
        assert_eq!(row(45.0, 0.25), "45.00 ± 0.25");
        assert_eq!(row(3e9, 1e7), "3.000e9 ± 1.0e7");
        assert_eq!(row(10.0, 2.0), "10 ± 2");
    }
}
