//! Origin and unit of a column, so that no result depends on the units of a study.

/// Number of spacings of `f64` below which a range is the rounding error of a constant.
const SPACINGS_OF_A_CONSTANT: f64 = 4.0;

/// The zero and the unit of a column: `z = (value - origin) / unit`.
///
/// A column without variation has unit 0, and `z = 0` wherever a value lies, since nothing can be learnt from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ColumnScale {
    origin: f64,
    unit: f64,
}

impl ColumnScale {
    /// The scale on which the values have mean 0 and deviation 1; a constant column has its constant as origin.
    pub(crate) fn standard(values: &[f64]) -> Self {
        let [low, high] = range(values);
        // Halves, so that the range of any finite numbers is one.
        let (middle, half) = (0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low);
        if 2.0 * half <= SPACINGS_OF_A_CONSTANT * f64::EPSILON * low.abs().max(high.abs()) {
            return Self { origin: low, unit: 0.0 };
        }
        // From -1 to 1, whose squares neither overflow nor vanish.
        let u = |value: &f64| 2.0 * ((0.5 * value - 0.5 * middle) / half);
        let n = values.len() as f64;
        let mean = values.iter().map(u).sum::<f64>() / n;
        let variance = values.iter().map(|value| (u(value) - mean).powi(2)).sum::<f64>() / n;
        Self {
            origin: middle + half * mean,
            unit: half * variance.sqrt(),
        }
    }

    /// The scale of a covariate: maps its values to 0 and 1 if there are two, else to mean 0 and deviation 1.
    ///
    /// So the penalty of a column that says which rows belong to a group depends on the number of rows in it, as those of splines
    /// and of levels do.
    pub(crate) fn of_covariate(values: &[f64]) -> Self {
        let standard = Self::standard(values);
        let [low, high] = range(values);
        let has_two_values = values.iter().all(|value| *value == low || *value == high);
        match has_two_values && standard.unit > 0.0 {
            true => Self {
                origin: low,
                unit: high - low,
            },
            false => standard,
        }
    }

    /// Maps a value to the scale.
    pub(crate) fn to(self, value: f64) -> f64 {
        match self.unit {
            0.0 => 0.0,
            unit => (value - self.origin) / unit,
        }
    }

    /// Maps a number on the scale back to a value.
    pub(crate) fn back(self, z: f64) -> f64 {
        self.origin + self.unit * z
    }

    /// The value that is mapped to 0.
    pub(crate) fn origin(self) -> f64 {
        self.origin
    }

    /// The difference that is mapped to 1; 0 for a constant column.
    pub(crate) fn unit(self) -> f64 {
        self.unit
    }
}

/// The least and the largest value.
pub(crate) fn range(values: &[f64]) -> [f64; 2] {
    let none = [f64::INFINITY, f64::NEG_INFINITY];
    let widened = |[low, high]: [f64; 2], value: &f64| [low.min(*value), high.max(*value)];
    values.iter().fold(none, widened)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_any_size_are_standardised() {
        let plain = [1.0, 2.0, 4.0, 9.0];
        // Mean 4, squares 9 + 4 + 0 + 25.
        let deviation = (38.0f64 / 4.0).sqrt();
        for factor in [1.0, -3.0, 1e-300, 1e300] {
            let values = plain.map(|value| factor * value);
            let scale = ColumnScale::standard(&values);
            assert!((scale.origin() / (4.0 * factor) - 1.0).abs() < 1e-14, "{factor}");
            assert!(
                (scale.unit() / (deviation * factor.abs()) - 1.0).abs() < 1e-14,
                "{factor}"
            );
            assert!((scale.back(scale.to(values[3])) / values[3] - 1.0).abs() < 1e-14);
        }
        let far = ColumnScale::standard(&plain.map(|value| 1.7e9 + value));
        assert!((far.origin() - 1.7e9 - 4.0).abs() < 1e-6 && (far.unit() - deviation).abs() < 1e-6);
    }

    #[test]
    fn constants_have_no_unit() {
        for value in [0.0, 0.1, -1e9, 1e-320] {
            let scale = ColumnScale::standard(&[value; 60]);
            assert_eq!((scale.origin(), scale.unit(), scale.to(value + 1.0)), (value, 0.0, 0.0));
            assert_eq!(scale.back(7.0), value);
        }
        let rounded = ColumnScale::of_covariate(&[0.3, 0.1 + 0.2, 0.3]);
        assert_eq!(rounded.unit(), 0.0, "a difference in the last digit is no group");
    }

    #[test]
    fn two_values_are_zero_and_one() {
        let scale = ColumnScale::of_covariate(&[20.0, 50.0, 20.0, 20.0]);
        assert_eq!((scale.to(20.0), scale.to(50.0)), (0.0, 1.0));
        assert_eq!(ColumnScale::standard(&[20.0, 50.0, 20.0, 20.0]).origin(), 27.5);
    }
}
