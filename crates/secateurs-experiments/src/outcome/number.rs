//! Numbers of rows as a reader wants them.

use secateurs_chart::{format_number, format_with_spread};

use super::row::Row;
use super::spread::Spread;

/// The row's number with its spread to the same decimals, `sd` for a standard deviation and `se` for a standard error:
/// `45.50 ± 0.25 sd`; `not finite` if it has no number.
pub fn format_row_value(row: &Row) -> String {
    match (row.value(), row.spread()) {
        (None, _) => "not finite".to_owned(),
        (Some(value), None) => format_number(value),
        (Some(value), Some(spread)) => format!("{} {}", format_with_spread(value, spread.size()), abbreviate(spread)),
    }
}

fn abbreviate(spread: Spread) -> &'static str {
    match spread {
        Spread::Deviation(_) => "sd",
        Spread::StandardError(_) => "se",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_has_the_decimals_of_its_value() {
        let row = |value: f64, spread: f64| format_row_value(&Row::new("a", "m", value).deviation(spread));
        assert_eq!(row(45.5, 0.25), "45.50 ± 0.25 sd");
        assert_eq!(row(45.0, 0.25), "45.00 ± 0.25 sd");
        assert_eq!(row(3e9, 1e7), "3.000e9 ± 1.0e7 sd");
        assert_eq!(row(-2e-5, 1e-6), "\u{2212}2.000e\u{2212}5 ± 1.0e\u{2212}6 sd");
        let row_of_mean = Row::new("a", "m", 0.5).standard_error(0.25);
        assert_eq!(format_row_value(&row_of_mean), "0.5000 ± 0.2500 se");
        assert_eq!(row(10.0, 2.0), "10 ± 2 sd");
    }
}
