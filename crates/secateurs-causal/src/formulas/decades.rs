//! Units in which the constants of a formula have everyday sizes: powers of ten.

use secateurs_formula::{Expr, Formula, Rounding};

use crate::Result;
use crate::data::scale::{ColumnScale, range};
use crate::data::study::Study;

/// Number of digits of a product of decimal numbers that double precision keeps; further ones are noise.
const DIGITS: u8 = 15;

/// A power of ten for each covariate and for outcomes, so that rounding means the same in all units. A column far from
/// zero also has a round number near the middle of its range, so that rounding a slope does not move the whole line.
#[derive(Debug, Clone)]
pub(crate) struct Decades {
    covariates: Vec<Decade>,
    outcome: Decade,
    /// Covariates in their decades, `[rows, d_input]`.
    x: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Decade {
    origin: f64,
    unit: f64,
}

/// One of the two functions of a model: the outcome without treatment, or the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The outcome without treatment.
    Outcome,
    /// The effect.
    Effect,
}

impl Part {
    /// The outcome, then the effect.
    pub(crate) const BOTH: [Self; 2] = [Self::Outcome, Self::Effect];

    /// Name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Effect => "effect",
        }
    }

    /// Index of the part: 0 for the outcome, 1 for the effect.
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Outcome => 0,
            Self::Effect => 1,
        }
    }
}

impl Decades {
    pub(crate) fn of(study: &Study) -> Self {
        let covariate = |j| Decade::of(range(&study.covariate(j)));
        let covariates: Vec<Decade> = (0..study.d_input()).map(covariate).collect();
        // Outliers do not decide how large an outcome is.
        let scale = ColumnScale::standard(study.outcome());
        let ends = [-1.0, 1.0].map(|z| scale.back(z));
        let columns = covariates.iter().cycle();
        Self {
            x: study.x().iter().zip(columns).map(|(x, decade)| decade.to(*x)).collect(),
            outcome: Decade::of(ends),
            covariates,
        }
    }

    /// A value of a covariate in its decade.
    pub(crate) fn covariate(&self, index: usize, value: f64) -> f64 {
        self.covariates[index].to(value)
    }

    /// The constant of a part in the outcomes' decade.
    pub(crate) fn constant(&self, part: Part, value: f64) -> f64 {
        self.difference(value - self.origin(part))
    }

    /// A difference of outcomes, such as a term, in the outcomes' decade.
    pub(crate) fn difference(&self, value: f64) -> f64 {
        value / self.outcome.unit
    }

    /// A mean squared error of outcomes in the outcomes' decade.
    pub(crate) fn squared(&self, error: f64) -> f64 {
        error / self.outcome.unit / self.outcome.unit
    }

    /// Converts an expression in decades to the units of the study.
    pub(crate) fn in_study(&self, part: Part, expr: &Expr) -> Expr {
        let covariate = |(index, decade): (usize, &Decade)| {
            let moved = Expr::Variable(index).plus(-decade.origin);
            moved.times(1.0 / decade.unit)
        };
        let values: Vec<Expr> = self.covariates.iter().enumerate().map(covariate).collect();
        let scaled = expr.substituted(&values).times(self.outcome.unit);
        scaled.plus(self.origin(part))
    }

    /// Converts a rounded expression to the units of the study, without the digits that multiplication adds.
    ///
    /// # Errors
    ///
    /// If a constant of the expression is NaN or infinite.
    pub(crate) fn rounded_in_study(&self, part: Part, expr: &Expr, rounding: Rounding) -> Result<Expr> {
        let names = (1..=self.covariates.len()).map(|index| format!("x{index}")).collect();
        let formula = Formula::new(expr.clone(), names, &self.x)?.rounded(rounding);
        Ok(self
            .in_study(part, &formula.expr)
            .rounded(Rounding::Significant(DIGITS)))
    }

    fn origin(&self, part: Part) -> f64 {
        match part {
            Part::Outcome => self.outcome.origin,
            Part::Effect => 0.0,
        }
    }
}

impl Decade {
    /// The power of ten below a range, and an origin where the range is farther from zero than it is wide.
    fn of([low, high]: [f64; 2]) -> Self {
        let (extent, middle) = (high - low, 0.5 * low + 0.5 * high);
        let (unit, power) = power_of_ten(extent);
        let is_far = extent > 0.0 && middle.abs() > extent;
        let origin = if is_far { decimal(middle / unit, power) } else { 0.0 };
        Self { origin, unit }
    }

    fn to(self, value: f64) -> f64 {
        (value - self.origin) / self.unit
    }
}

/// The largest power of ten up to a positive number, and its exponent; 1 for zero.
fn power_of_ten(value: f64) -> (f64, i32) {
    if !(value.is_normal() && value > 0.0) {
        return (1.0, 0);
    }
    let power = value.log10().floor() as i32;
    (decimal(1.0, power), power)
}

/// A whole number of powers of ten. Through text, since no multiplication gives the nearest number to all of them.
fn decimal(count: f64, power: i32) -> f64 {
    let text = format!("{count:.0}e{power}");
    text.parse().unwrap_or(count * 10f64.powi(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_round_and_only_of_columns_far_from_zero() {
        let of = |low: f64, high: f64| {
            let decade = Decade::of([low, high]);
            (decade.origin, decade.unit)
        };
        assert_eq!(of(-1.0, 1.0), (0.0, 1.0));
        assert_eq!(of(20.0, 90.0), (0.0, 10.0));
        assert_eq!(of(0.0, 6e-6), (0.0, 1e-6));
        assert_eq!(of(2_460_000.5, 2_460_006.5), (2_460_004.0, 1.0));
        assert_eq!(of(95_100.0, 104_000.0), (100_000.0, 1000.0));
        assert_eq!(of(1e9, 1e9), (0.0, 1.0));
    }

    #[test]
    fn rounding_a_slope_far_from_zero_keeps_the_line() {
        let x: Vec<f64> = (0..7).map(|day| f64::from(20_240_101 + day)).collect();
        let treatment = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
        let y = (0..7).map(|day| 5e7 + 1000.0 * f64::from(day)).collect();
        let decades = Decades::of(&Study::new(x, 1, &treatment, y).unwrap());
        // 1/3 for each day from 20240104 on, and 2, in thousands.
        let line = Expr::sum(vec![Expr::Variable(0).times(1.0 / 3.0), Expr::Constant(2.0)]);
        for (part, origin) in [(Part::Outcome, 50_003_000.0), (Part::Effect, 0.0)] {
            let rounded = decades.rounded_in_study(part, &line, Rounding::Decimals(2)).unwrap();
            assert_eq!(rounded.at(&[20_240_104.0]) - origin, 2000.0);
            assert!((rounded.at(&[20_240_107.0]) - origin - 2990.0).abs() < 1e-6);
            assert!(rounded.to_string().starts_with("330*x1 - 6.6"), "{rounded}");
        }
    }
}
