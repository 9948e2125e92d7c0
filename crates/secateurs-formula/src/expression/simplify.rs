//! Simplified sums, products, powers and calls of simplified expressions.
//!
//! One form for each function as far as that is cheap: constants are collected in front of products and at the end of
//! sums, equal terms and factors are merged, and functions with a symmetry (a power, an exponential, a wave) give the
//! factor or the shift in their argument away: `(2 x + 4)^2` becomes `4 (x + 2)^2`, `exp(x + 1)` becomes `2.718 exp(x)`,
//! `cos(x - pi / 2)` becomes `sin(x)`.
//!
//! Constants whose product or sum would overflow, or underflow, stay separate: `1e200 (1e200 x)`.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use crate::expression::coefficient::{Coefficient, keeps_digits};
use crate::expression::expr::Expr;
use crate::expression::function::{Call, Exponent};

/// Twice the largest exponent that merging makes.
const MOST_HALVES: i32 = 40;

/// Largest shift of an exponential that becomes a factor: a factor from 0.007 to 148.
const MOST_SHIFT: f64 = 5.0;

impl Expr {
    /// The sum of terms.
    pub fn sum(terms: Vec<Self>) -> Self {
        let mut constant = 0.0;
        let mut merged: Vec<(f64, Self)> = Vec::new();
        let mut add = |term: Self| match term.into_scaled() {
            (factor, Self::Constant(one)) if (constant + factor * one).is_finite() => constant += factor * one,
            (factor, rest) => match merged
                .iter_mut()
                .find(|(sum, other)| *other == rest && (sum + factor).is_finite())
            {
                Some((sum, _)) => *sum += factor,
                None => merged.push((factor, rest)),
            },
        };
        for term in terms {
            match term {
                Self::Sum(inner) => inner.into_iter().for_each(&mut add),
                term => add(term),
            }
        }
        merged.retain(|(factor, _)| *factor != 0.0);
        merged.sort_by_cached_key(|(_, term)| term.order());
        let mut terms: Vec<Self> = merged.into_iter().map(|(factor, rest)| scaled(factor, rest)).collect();
        if constant != 0.0 || terms.is_empty() {
            terms.push(Self::Constant(constant));
        }
        single_or(terms, Self::Sum)
    }

    /// The product of factors.
    pub fn product(factors: Vec<Self>) -> Self {
        let mut constant = Coefficient::default();
        let mut merged: Vec<(Self, Exponent)> = Vec::new();
        let mut pending = factors;
        pending.reverse();
        while let Some(factor) = pending.pop() {
            match factor {
                Self::Constant(value) => constant.multiply(value),
                Self::Product(inner) => pending.extend(inner.into_iter().rev()),
                factor => multiply(&mut merged, factor),
            }
        }
        if constant.value == 0.0 {
            return Self::Constant(0.0);
        }
        let mut factors: Vec<Self> = Vec::new();
        for (base, exponent) in merged.into_iter().filter(|(_, exponent)| exponent.halves != 0) {
            match raise(base, exponent).into_scaled() {
                (factor, Self::Constant(_)) => constant.multiply(factor),
                (factor, rest) => {
                    constant.multiply(factor);
                    factors.push(rest);
                }
            }
        }
        factors.sort_by_cached_key(Self::order);
        let product = match factors.pop() {
            None => Self::Constant(constant.value),
            Some(Self::Sum(terms)) if factors.is_empty() && constant.value != 1.0 => {
                Self::sum(terms.into_iter().map(|term| term.times(constant.value)).collect())
            }
            Some(last) => {
                factors.push(last);
                scaled(constant.value, single_or(factors, Self::Product))
            }
        };
        constant
            .separate
            .into_iter()
            .fold(product, |product, factor| scaled(factor, product))
    }

    /// A power.
    pub fn power(base: Self, exponent: Exponent) -> Self {
        let (scale, base) = base.without_scale(exponent.is_whole());
        // Not cut off as the values of a power are: it is a factor, not a place.
        let factor = scale.powf(exponent.value());
        if !factor.is_normal() {
            return raise(scaled(scale, base), exponent);
        }
        match base {
            Self::Constant(value) if keeps_digits(factor * exponent.of(value), value) => {
                Self::Constant(factor * exponent.of(value))
            }
            Self::Power(inner, by) if by.is_whole() && exponent.is_whole() => {
                let halves = i32::from(by.halves) * i32::from(exponent.halves) / 2;
                match i8::try_from(halves) {
                    Ok(halves) if i32::from(halves).abs() <= MOST_HALVES => {
                        scaled(factor, raise(*inner, Exponent { halves }))
                    }
                    _ => scaled(factor, Self::Power(Box::new(Self::Power(inner, by)), exponent)),
                }
            }
            base => scaled(factor, raise(base, exponent)),
        }
    }

    /// A function's value.
    pub fn call(call: Call, argument: Self) -> Self {
        if let Self::Constant(value) = argument {
            return Self::Constant(call.of(value));
        }
        match call {
            Call::Exp => {
                let (rest, constant) = argument.without_constant();
                // A factor that is not a number of everyday size says less than the exponent.
                if constant.abs() <= MOST_SHIFT {
                    scaled(constant.exp(), called(call, rest))
                } else {
                    called(call, rest.plus(constant))
                }
            }
            Call::Log => {
                let (factor, rest) = argument.without_scale(false);
                called(call, rest).plus(factor.ln())
            }
            Call::Abs => {
                let (factor, rest) = argument.without_scale(true);
                scaled(factor.abs(), called(call, rest))
            }
            Call::Sign => {
                let (factor, rest) = argument.without_scale(true);
                scaled(factor.signum(), called(call, rest))
            }
            Call::Sin | Call::Cos => wave(call, argument),
            Call::Tan | Call::Tanh | Call::Arcsin | Call::Arctan | Call::Arctanh => {
                let (sign, rest) = argument.without_sign();
                scaled(sign, called(call, rest))
            }
            Call::Arccos => called(call, argument),
        }
    }

    /// Splits an expression into a constant factor and the rest.
    fn into_scaled(self) -> (f64, Self) {
        match self {
            Self::Constant(value) => (value, Self::Constant(1.0)),
            Self::Product(mut factors) => match factors[0] {
                Self::Constant(value) => {
                    factors.remove(0);
                    (value, single_or(factors, Self::Product))
                }
                _ => (1.0, Self::Product(factors)),
            },
            other => (1.0, other),
        }
    }

    /// Splits off a factor that can be drawn out of a homogeneous function; positive unless signs may be drawn, too.
    ///
    /// Of a sum with one term besides a constant, it is that term's factor.
    fn without_scale(self, signed: bool) -> (f64, Self) {
        let drawn = |factor: f64| if signed { factor } else { factor.abs() };
        match self {
            Self::Sum(terms) if terms.len() == 2 && matches!(terms[1], Self::Constant(_)) => {
                let (factor, _) = terms[0].clone().into_scaled();
                let factor = drawn(factor);
                if !factor.recip().is_normal() {
                    return (1.0, Self::Sum(terms));
                }
                let sum = Self::sum(terms.into_iter().map(|term| term.times(1.0 / factor)).collect());
                (factor, sum)
            }
            Self::Sum(terms) => (1.0, Self::Sum(terms)),
            // Of a constant nothing is drawn: the function of it is a constant anyway.
            Self::Constant(value) => (1.0, Self::Constant(value)),
            other => {
                let (factor, rest) = other.into_scaled();
                (drawn(factor), scaled(factor / drawn(factor), rest))
            }
        }
    }

    /// The sign of the first term, and the expression without it.
    fn without_sign(self) -> (f64, Self) {
        let (first, _) = self.terms()[0].clone().into_scaled();
        if first < 0.0 {
            (-1.0, self.times(-1.0))
        } else {
            (1.0, self)
        }
    }

    /// Splits an expression into the part without its constant term, and that term.
    fn without_constant(self) -> (Self, f64) {
        match self {
            Self::Sum(mut terms) => match terms.pop() {
                Some(Self::Constant(value)) => (single_or(terms, Self::Sum), value),
                last => {
                    terms.extend(last);
                    (Self::Sum(terms), 0.0)
                }
            },
            other => (other, 0.0),
        }
    }

    /// The sort key of terms and factors: variables first, high powers before low ones, then alphabetically.
    fn order(&self) -> (usize, usize, i8, String) {
        let first = self.variables().first().copied().unwrap_or(usize::MAX);
        let (rank, power) = match self {
            Self::Variable(_) => (0, -2),
            Self::Power(base, exponent) if matches!(**base, Self::Variable(_)) => (0, -exponent.halves),
            Self::Power(_, exponent) => (1, -exponent.halves),
            _ => (2, 0),
        };
        (first, rank, power, self.to_string())
    }
}

/// `factor * rest`, where `rest` has no constant factor of its own.
fn scaled(factor: f64, rest: Expr) -> Expr {
    if factor == 1.0 {
        return rest;
    }
    if factor == 0.0 {
        return Expr::Constant(0.0);
    }
    match rest {
        Expr::Constant(value) if keeps_digits(factor * value, value) => Expr::Constant(factor * value),
        Expr::Sum(terms) => Expr::sum(terms.into_iter().map(|term| term.times(factor)).collect()),
        Expr::Product(mut factors) => match factors[0] {
            Expr::Constant(value) if keeps_digits(factor * value, value) => {
                factors.remove(0);
                scaled(factor * value, single_or(factors, Expr::Product))
            }
            Expr::Constant(_) => Expr::Product(vec![Expr::Constant(factor), Expr::Product(factors)]),
            _ => {
                factors.insert(0, Expr::Constant(factor));
                Expr::Product(factors)
            }
        },
        rest => Expr::Product(vec![Expr::Constant(factor), rest]),
    }
}

fn raise(base: Expr, exponent: Exponent) -> Expr {
    if exponent == Exponent::whole(1) {
        base
    } else {
        Expr::Power(Box::new(base), exponent)
    }
}

fn called(call: Call, argument: Expr) -> Expr {
    match argument {
        Expr::Constant(value) => Expr::Constant(call.of(value)),
        argument => Expr::Call(call, Box::new(argument)),
    }
}

fn single_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

/// Adds whole powers of the same base; roots stay, since they cut negative numbers off.
fn multiply(merged: &mut Vec<(Expr, Exponent)>, factor: Expr) {
    let (base, exponent) = match factor {
        Expr::Power(base, exponent) if exponent.is_whole() => (*base, exponent),
        other => (other, Exponent::whole(1)),
    };
    let same = merged.iter_mut().find(|(other, _)| *other == base);
    match same {
        // A positive and a negative power would cancel a pole.
        Some((_, power)) if (power.halves > 0) == (exponent.halves > 0) => {
            let sum = i32::from(power.halves) + i32::from(exponent.halves);
            if sum.abs() <= MOST_HALVES {
                power.halves = sum as i8;
            } else {
                merged.push((base, exponent));
            }
        }
        _ => merged.push((base, exponent)),
    }
}

/// A sine or cosine whose leading term is positive, with the smallest phase that either allows.
fn wave(call: Call, argument: Expr) -> Expr {
    let (sign, argument) = argument.without_sign();
    let (rest, phase) = argument.without_constant();
    let mut factor = if call == Call::Sin { sign } else { 1.0 };
    if phase.abs() <= FRAC_PI_4 {
        // Nothing to change, not even in the last digit of a rounded phase.
        return scaled(factor, called(call, rest.plus(phase)));
    }
    // As a sine: cos(u) = sin(u + pi / 2).
    let phase = if call == Call::Sin { phase } else { phase + FRAC_PI_2 };
    let mut phase = phase.rem_euclid(2.0 * PI);
    if phase > PI {
        phase -= 2.0 * PI;
    }
    if phase > FRAC_PI_2 + FRAC_PI_4 {
        (factor, phase) = (-factor, phase - PI);
    } else if phase < -FRAC_PI_2 + FRAC_PI_4 {
        (factor, phase) = (-factor, phase + PI);
    }
    let (call, phase) = if phase > FRAC_PI_4 {
        (Call::Cos, phase - FRAC_PI_2)
    } else {
        (Call::Sin, phase)
    };
    scaled(factor, called(call, rest.plus(phase)))
}
