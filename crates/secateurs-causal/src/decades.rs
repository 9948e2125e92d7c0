//! Units in which the constants of a formula have everyday sizes: powers of ten.

use secateurs_formula::{Expr, Rounding};

use crate::scale::{Scale, range};
use crate::study::Study;

/// Digits that a product of decimal numbers keeps in double precision; further ones are noise.
const DIGITS: u8 = 15;

/// For each covariate and for the outcome a power of ten, so that rounding means the same in all units; for a covariate far from
/// zero also a round number near the middle of its range, so that rounding a slope does not move the whole line.
#[derive(Debug, Clone)]
pub(crate) struct Decades {
    covariates: Vec<Decade>,
    outcome: f64,
}

#[derive(Debug, Clone, Copy)]
struct Decade {
    origin: f64,
    unit: f64,
}

impl Decades {
    pub(crate) fn of(study: &Study) -> Self {
        let covariate = |j| Decade::of(range(&study.covariate(j)));
        Self {
            covariates: (0..study.d_input()).map(covariate).collect(),
            outcome: power_of_ten(Scale::standard(study.outcome()).unit()).0,
        }
    }

    /// A value of a covariate in its decade.
    pub(crate) fn covariate(&self, index: usize, value: f64) -> f64 {
        let Decade { origin, unit } = self.covariates[index];
        (value - origin) / unit
    }

    /// An outcome or an effect in its decade.
    pub(crate) fn outcome(&self, value: f64) -> f64 {
        value / self.outcome
    }

    /// A mean squared error of outcomes in their decade.
    pub(crate) fn squared(&self, error: f64) -> f64 {
        error / self.outcome / self.outcome
    }

    /// An expression in decades, in the units of the study.
    pub(crate) fn in_study(&self, expr: &Expr) -> Expr {
        let covariate = |(index, decade): (usize, &Decade)| {
            let moved = Expr::Variable(index).plus(-decade.origin);
            moved.times(1.0 / decade.unit)
        };
        let values: Vec<Expr> = self.covariates.iter().enumerate().map(covariate).collect();
        expr.substituted(&values).times(self.outcome)
    }

    /// A rounded expression in the units of the study, without the digits that multiplication adds.
    pub(crate) fn rounded_in_study(&self, expr: &Expr, rounding: Rounding) -> Expr {
        self.in_study(&expr.rounded(rounding))
            .rounded(Rounding::Significant(DIGITS))
    }
}

impl Decade {
    /// The power of ten of a range, and an origin where the range is farther from zero than it is wide.
    fn of([low, high]: [f64; 2]) -> Self {
        let (extent, middle) = (high - low, 0.5 * low + 0.5 * high);
        let (unit, power) = power_of_ten(extent);
        let is_far = extent > 0.0 && middle.abs() > extent;
        let origin = if is_far { decimal(middle / unit, power) } else { 0.0 };
        Self { origin, unit }
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
        let decades = Decades {
            covariates: vec![Decade::of([20_240_101.0, 20_240_107.0])],
            outcome: 1000.0,
        };
        // 1/3 for each day from 20240104 on, and 2.
        let line = Expr::sum(vec![Expr::Variable(0).times(1.0 / 3.0), Expr::Constant(2.0)]);
        let rounded = decades.rounded_in_study(&line, Rounding::Decimals(2));
        assert_eq!(rounded.at(&[20_240_104.0]), 2000.0);
        assert!((rounded.at(&[20_240_107.0]) - 2990.0).abs() < 1e-6);
        assert_eq!(rounded.to_string(), "330*x1 - 6.67923232e9");
    }
}
