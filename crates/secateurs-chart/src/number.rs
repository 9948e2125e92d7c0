//! Numbers as a reader wants them: four significant digits and a typographic minus.

/// Writes a number with at most four significant digits and no trailing zeros; very large and very small numbers have an exponent.
///
/// Every minus is U+2212, which is as wide as a digit.
///
/// ```
/// use secateurs_chart::format_number;
///
/// assert_eq!(format_number(-7.2613), "−7.261");
/// assert_eq!(format_number(28.0), "28");
/// assert_eq!(format_number(0.000123), "1.23e−4");
/// ```
pub fn format_number(value: f64) -> String {
    match significant_decimals(value) {
        None => format_scientific(value),
        Some(decimals) => format_decimals(value, decimals),
    }
}

/// Decimals that leave four significant digits, `None` where an exponent is shorter.
pub fn significant_decimals(value: f64) -> Option<usize> {
    match value.abs() {
        0.0 => Some(3),
        magnitude if !(1e-3..1e7).contains(&magnitude) => None,
        magnitude => Some((3 - magnitude.log10().floor() as i32).max(0) as usize),
    }
}

/// Writes a number with at most that many decimals and no trailing zeros.
///
/// ```
/// assert_eq!(secateurs_chart::format_decimals(-1.2503, 3), "−1.25");
/// ```
pub fn format_decimals(value: f64, decimals: usize) -> String {
    match without_trailing_zeros(&format!("{value:.decimals$}")) {
        "-0" => "0".to_owned(),
        text => text.replace('-', "\u{2212}"),
    }
}

/// A number and its spread to the same decimals.
///
/// ```
/// use secateurs_chart::format_with_spread;
///
/// assert_eq!(format_with_spread(45.5, 0.25), "45.50 ± 0.25");
/// assert_eq!(format_with_spread(3e9, 1e7), "3.000e9 ± 1.0e7");
/// assert_eq!(format_with_spread(10.0, 2.0), "10 ± 2");
/// ```
pub fn format_with_spread(value: f64, spread: f64) -> String {
    let text = match significant_decimals(value) {
        None => format!("{value:.3e} ± {spread:.1e}"),
        Some(_) if spread.abs() >= 1e7 => format!("{value:.3e} ± {spread:.1e}"),
        Some(_) if value.fract() == 0.0 && spread.fract() == 0.0 => format!("{value} ± {spread}"),
        Some(decimals) => format!("{value:.decimals$} ± {spread:.decimals$}"),
    };
    text.replace('-', "\u{2212}")
}

/// Labels of ascending ticks: short ones if each says where its tick is to a tenth of a step, else numbers with as many
/// decimals as the step needs.
///
/// Short labels are plain digits from a thousandth to a million, powers of ten elsewhere.
///
/// ```
/// use secateurs_chart::format_ticks;
///
/// assert_eq!(format_ticks(&[0.0, 0.5, 1.0]), ["0", "0.5", "1"]);
/// assert_eq!(format_ticks(&[2_460_001.0, 2_460_002.0]), ["2460001", "2460002"]);
/// ```
pub fn format_ticks(ticks: &[f64]) -> Vec<String> {
    let short: Vec<String> = ticks.iter().map(|tick| format_tick(*tick)).collect();
    let steps = ticks.windows(2).map(|pair| pair[1] - pair[0]);
    let step = steps.fold(f64::INFINITY, f64::min);
    let is_told = |tick: f64, label: &str| {
        let number = label.replace(MINUS, "-").parse::<f64>();
        number.is_ok_and(|number| (number - tick).abs() <= 0.1 * step)
    };
    if ticks.iter().zip(&short).all(|(tick, label)| is_told(*tick, label)) {
        return short;
    }
    // Steps are 1, 2, 2.5 or 5 of a power of ten.
    let decimals = (1.0 - step.log10().floor()).clamp(0.0, MOST_DECIMALS) as usize;
    ticks.iter().map(|tick| format_decimals(*tick, decimals)).collect()
}

/// A coordinate: one decimal is finer than any screen shows.
pub fn coordinate(value: f64) -> String {
    format!("{value:.1}")
}

/// An opacity from 0 to 1, to a thousandth.
pub fn opacity(value: f64) -> String {
    format!("{:.3}", value.clamp(0.0, 1.0))
}

/// The least positive number has its first digit before this decimal.
const MOST_DECIMALS: f64 = 330.0;

const MINUS: char = '\u{2212}';

fn format_tick(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        format_number(value)
    } else {
        format_scientific(value)
    }
}

fn format_scientific(value: f64) -> String {
    let text = format!("{value:.3e}");
    let text = match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", without_trailing_zeros(digits)),
        // NaN and infinity have none.
        None => text,
    };
    text.replace('-', "\u{2212}")
}

fn without_trailing_zeros(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_significant_digits_at_every_size() {
        let cases = [
            (0.0, "0"),
            (-7.2613, "\u{2212}7.261"),
            (99.996, "100"),
            (1234.56, "1235"),
            (2.5e8, "2.5e8"),
            (0.25, "0.25"),
            (-2e-7, "\u{2212}2e\u{2212}7"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in cases {
            assert_eq!(format_number(value), text);
        }
    }

    #[test]
    fn labels_tell_ticks_apart() {
        assert_eq!(format_ticks(&[2_460_001.0, 2_460_002.0]), ["2460001", "2460002"]);
        assert_eq!(format_ticks(&[1013.25, 1013.5]), ["1013.25", "1013.5"]);
        assert_eq!(
            format_ticks(&[-1.715e9, -1.71e9]),
            ["\u{2212}1.715e9", "\u{2212}1.71e9"]
        );
        assert_eq!(
            format_ticks(&[-1.71501e9, -1.715e9]),
            ["\u{2212}1715010000", "\u{2212}1715000000"]
        );
        assert_eq!(format_ticks(&[2e7, 4e7]), ["2e7", "4e7"]);
    }

    #[test]
    fn labels_are_short() {
        let one = |tick: f64| format_ticks(&[tick]).remove(0);
        assert_eq!(
            [0.6000000000000001, 20.0, -1.25, 1e6, 2e7, 0.0].map(one),
            ["0.6", "20", "\u{2212}1.25", "1e6", "2e7", "0"]
        );
    }
}
