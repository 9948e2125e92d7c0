//! From numbers to positions, and the numbers worth a tick.

/// An axis that covers its data with some room at both ends.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    start: f64,
    end: f64,
}

impl Axis {
    /// Covers values between two positions, with shares of their extent left free at the lower and the upper end.
    pub(super) fn covering(values: impl Iterator<Item = f64>, room: (f64, f64), (start, end): (f64, f64)) -> Self {
        let empty = (f64::INFINITY, f64::NEG_INFINITY);
        let (low, high) = values.fold(empty, |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
        // A single value needs an extent of its own.
        let is_point = high - low <= 1e-12 * low.abs().max(high.abs());
        let extent = if is_point { high.abs().max(1.0) } else { high - low };
        Self {
            low: low - extent * room.0,
            high: high + extent * room.1,
            start,
            end,
        }
    }

    /// Where a number lies.
    pub(super) fn position(&self, value: f64) -> f64 {
        self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)
    }

    /// Between two and eleven round numbers inside the axis, ascending.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let rough = (self.high - self.low) / 5.0;
        let decade = 10f64.powf(rough.log10().floor());
        let fits = |factor: &&f64| **factor * decade >= rough;
        let step = decade * [1.0, 2.0, 2.5, 5.0].iter().find(fits).unwrap_or(&10.0);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last).map(|index| index as f64 * step).collect()
    }
}

/// A number as text: four significant digits, without trailing zeros.
pub(super) fn label(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e6).contains(&value.abs()) {
        return format!("{value:.1e}").replace(".0e", "e").replace('-', "\u{2212}");
    }
    let digits = (3 - value.abs().log10().floor() as i32).max(0) as usize;
    trimmed(&format!("{value:.digits$}"))
}

/// Labels of ticks: short ones if each says where its tick is to a tenth of a step, else numbers with as many decimals as
/// the step needs.
pub(super) fn labels(ticks: &[f64]) -> Vec<String> {
    let short: Vec<String> = ticks.iter().map(|tick| label(*tick)).collect();
    let [first, second, ..] = ticks else { return short };
    let step = second - first;
    let says = |(tick, label): (&f64, &String)| {
        let number = label.replace('\u{2212}', "-").parse::<f64>();
        number.is_ok_and(|number| (number - tick).abs() <= 0.1 * step)
    };
    if ticks.iter().zip(&short).all(says) {
        return short;
    }
    // Steps are 1, 2, 2.5 or 5 of a power of ten.
    let decimals = (1.0 - step.log10().floor()).max(0.0) as usize;
    let long = ticks.iter().map(|tick| trimmed(&format!("{tick:.decimals$}")));
    long.collect()
}

/// Without trailing zeros behind the point, with a proper minus.
fn trimmed(text: &str) -> String {
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    };
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_few_and_inside() {
        for (low, high) in [
            (0.0, 1.0),
            (-3.2, 17.0),
            (1e5, 1.1e5),
            (-1e-4, 2e-4),
            (2.0, 2.0),
            (0.0, 0.0),
        ] {
            let axis = Axis::covering([low, high].into_iter(), (0.06, 0.06), (0.0, 100.0));
            let ticks = axis.ticks();
            assert!((2..=11).contains(&ticks.len()), "{low} {high}: {ticks:?}");
            assert!(
                ticks
                    .iter()
                    .all(|tick| (-1e-6..=100.0 + 1e-6).contains(&axis.position(*tick)))
            );
        }
    }

    #[test]
    fn labels_tell_ticks_apart() {
        assert_eq!(labels(&[0.0, 0.5, 1.0]), ["0", "0.5", "1"]);
        assert_eq!(labels(&[2_460_001.0, 2_460_002.0]), ["2460001", "2460002"]);
        assert_eq!(labels(&[1013.25, 1013.5]), ["1013.25", "1013.5"]);
        assert_eq!(
            labels(&[-1.715e9, -1.71e9]),
            ["\u{2212}1715000000", "\u{2212}1710000000"]
        );
        assert_eq!(labels(&[2e7, 4e7]), ["2e7", "4e7"]);
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(
            [0.6000000000000001, 20.0, -1.25, 2e7, 0.0].map(label),
            ["0.6", "20", "\u{2212}1.25", "2e7", "0"]
        );
    }
}
