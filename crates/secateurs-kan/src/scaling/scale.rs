//! Scales of columns and outcomes.

use crate::scaling::bulk::{Coverage, bulk};
use crate::{KanError, Result};

/// Least third moment, relative to the deviation, that shows in which direction a distribution leans.
const SYMMETRIC: f64 = 1e-6;
/// Least deviation, relative to the greatest value, that is more than rounding.
const ROUNDING: f64 = 1e-14;

/// Size of a constant outcome's scale, relative to its value.
const NEGLIGIBLE: f64 = 1e-12;

/// The zero and the unit of a network: it computes with `(x - centre) / size` for the user's `x`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    centre: f64,
    size: f64,
}

impl Default for Scale {
    /// The identity.
    fn default() -> Self {
        Self { centre: 0.0, size: 1.0 }
    }
}

impl Scale {
    /// A scale; a negative size turns the direction.
    ///
    /// # Errors
    ///
    /// If a number is NaN or infinite, or the size is 0 or so small that its inverse is infinite.
    pub fn new(centre: f64, size: f64) -> Result<Self> {
        let bad = |what, got| KanError::OutOfRange {
            what,
            range: "finite, a size also not 0",
            got,
        };
        if !centre.is_finite() {
            return Err(bad("the centre of a scale", centre));
        }
        if !(size.is_finite() && size.recip().is_finite()) {
            return Err(bad("the size of a scale", size));
        }
        Ok(Self { centre, size })
    }

    /// The scale that maps a range to -1 to 1.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), which an empty range is.
    pub fn of_range([low, high]: [f64; 2]) -> Result<Self> {
        // Halves first: the sum of two numbers may be infinite.
        Self::new(0.5 * low + 0.5 * high, 0.5 * high - 0.5 * low)
    }

    /// The scale of an input that takes these values: it maps most of them to -1 to 1, and distant ones, if they lie on
    /// one side only, to negative numbers, where SiLU vanishes.
    ///
    /// Values `a x + b` have the scale in which they are what `x` is in its own, up to rounding. A column with one value `v` is 0,
    /// and its size is `|v|`, or 1 for `v = 0`.
    pub fn of_column(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let Some(&first) = sorted.first() else {
            return Self::default();
        };
        let [low, high] = bulk(&sorted, Coverage::Half);
        if high - low > ROUNDING * low.abs().max(high.abs())
            && let Ok(scale) = Self::of_range([low, high])
        {
            scale.turn(values, -1.0)
        } else {
            Self::of_constant(first)
        }
    }

    /// The scale of an outcome: it maps the mean to 0 and the deviation to 1, and makes the longer tail positive.
    ///
    /// A mean of 1 leaves fewer hidden nodes at work than one of 0 (see the README).
    ///
    /// Values `c y + d` have the scale in which they are what `y` is in its own, up to rounding. An outcome with one value is 0, and
    /// so small is its size that whatever a network makes of it is that value to twelve digits.
    pub fn of_outcome(values: &[f64]) -> Self {
        let Some(&first) = values.first() else {
            return Self::default();
        };
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let n = values.len() as f64;
        // Differences first: a mean of large values has errors that are not small beside small deviations.
        let mean = first + values.iter().map(|value| (value - first) / n).sum::<f64>();
        let spread = values.iter().map(|value| (value - mean).abs()).fold(0.0, f64::max);
        let square = values
            .iter()
            .map(|value| ((value - mean) / spread).powi(2))
            .sum::<f64>();
        let deviation = spread * (square / n).sqrt();
        match Self::new(mean, deviation) {
            Ok(scale) if spread > ROUNDING * largest => {
                let scale = scale.turn(values, 1.0);
                Self {
                    centre: mean - scale.size,
                    ..scale
                }
            }
            _ => {
                let Self { centre, size } = Self::of_constant(first);
                Self::new(centre, size * NEGLIGIBLE).unwrap_or(Self { centre, size })
            }
        }
    }

    fn of_constant(value: f64) -> Self {
        Self::new(value, value.abs()).unwrap_or(Self {
            centre: value,
            size: 1.0,
        })
    }

    /// The scale in the direction in which the longer tail of values has this sign; of a symmetric distribution the
    /// first value that is not in the middle.
    fn turn(self, values: &[f64], sign: f64) -> Self {
        let n = values.len() as f64;
        let scaled = || values.iter().map(|value| self.scaled(*value));
        let mean = scaled().sum::<f64>() / n;
        let spread = scaled()
            .map(|value| (value - mean).abs())
            .fold(f64::MIN_POSITIVE, f64::max);
        let moment = |power: i32| scaled().map(|value| ((value - mean) / spread).powi(power)).sum::<f64>() / n;
        let lean = moment(3) / moment(2).powf(1.5);
        let lean = if lean.abs() > SYMMETRIC {
            lean
        } else {
            let middle = SYMMETRIC * spread;
            let first = scaled().map(|value| value - mean).find(|value| value.abs() > middle);
            first.unwrap_or(sign)
        };
        Self {
            size: self.size * (lean * sign).signum(),
            ..self
        }
    }

    /// The value that is mapped to 0.
    pub fn centre(self) -> f64 {
        self.centre
    }

    /// The difference that is mapped to 1; negative where directions differ.
    pub fn size(self) -> f64 {
        self.size
    }

    /// Maps to the scale: `(x - centre) / size`.
    pub fn scaled(self, x: f64) -> f64 {
        (x - self.centre) / self.size
    }

    /// Maps back from the scale: `centre + size u`.
    pub fn unscaled(self, u: f64) -> f64 {
        self.centre + self.size * u
    }

    /// The scale of `factor y + shift`, if this is the scale of `y`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn mapped(self, factor: f64, shift: f64) -> Result<Self> {
        Self::new(factor * self.centre + shift, factor * self.size)
    }
}
