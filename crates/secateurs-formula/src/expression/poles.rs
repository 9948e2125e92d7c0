//! The search for poles of an expression within ranges of its variables.

use crate::expression::expr::Expr;
use crate::expression::function::{Call, Exponent, Function};

/// Number of boxes that are examined before the question stays open.
const MOST_BOXES: usize = 2000;

/// Whether any power, logarithm or tangent in the expression may have its pole on the ranges of the variables.
///
/// By interval arithmetic on boxes that are halved until there is no pole in any of them, so that a `false` is a proof; a `true` is
/// not, since terms of one variable that balance each other are taken as if they did not, and only 2000 boxes are looked at.
pub(crate) fn may_have_poles(expr: &Expr, ranges: &[[f64; 2]]) -> bool {
    if !has_pole_somewhere(expr) {
        return false;
    }
    let variables = expr.variables();
    let mut boxes = vec![ranges.to_vec()];
    for _ in 0..MOST_BOXES {
        let Some(mut first) = boxes.pop() else {
            return false;
        };
        if values(expr, &first).is_some() {
            continue;
        }
        let share = |index: &usize| match (first.get(*index), ranges.get(*index)) {
            (Some(part), Some(whole)) if whole[1] > whole[0] => (part[1] - part[0]) / (whole[1] - whole[0]),
            _ => 0.0,
        };
        let widest = variables.iter().max_by(|a, b| share(a).total_cmp(&share(b)));
        let Some(&widest) = widest.filter(|index| share(index) > 0.0) else {
            return true;
        };
        let mut second = first.clone();
        let middle = 0.5 * first[widest][0] + 0.5 * first[widest][1];
        (first[widest][1], second[widest][0]) = (middle, middle);
        boxes.extend([second, first]);
    }
    true
}

fn has_pole_somewhere(expr: &Expr) -> bool {
    match expr {
        Expr::Constant(_) | Expr::Variable(_) => false,
        Expr::Sum(parts) | Expr::Product(parts) => parts.iter().any(has_pole_somewhere),
        Expr::Power(base, exponent) => exponent.halves < 0 || has_pole_somewhere(base),
        Expr::Call(call, argument) => Function::Call(*call).has_pole() || has_pole_somewhere(argument),
    }
}

/// Bounds of the values on the ranges; none if there may be a pole.
fn values(expr: &Expr, ranges: &[[f64; 2]]) -> Option<[f64; 2]> {
    match expr {
        Expr::Constant(value) => Some([*value; 2]),
        Expr::Variable(index) => Some(ranges.get(*index).copied().unwrap_or_default()),
        Expr::Sum(terms) => terms.iter().try_fold([0.0; 2], |[low, high], term| {
            let [least, greatest] = values(term, ranges)?;
            Some([low + least, high + greatest])
        }),
        Expr::Product(factors) => factors.iter().try_fold([1.0; 2], |bounds, factor| {
            let factor = values(factor, ranges)?;
            Some(extent(bounds.into_iter().flat_map(|a| factor.map(|b| times(a, b)))))
        }),
        Expr::Power(base, exponent) => power(values(base, ranges)?, *exponent),
        Expr::Call(call, argument) => called(*call, values(argument, ranges)?),
    }
}

fn power(base: [f64; 2], exponent: Exponent) -> Option<[f64; 2]> {
    if exponent.halves < 0 && !Function::Power(exponent).covers(base) {
        return None;
    }
    let [low, high] = base;
    let through_zero = low <= 0.0 && high >= 0.0;
    let least = through_zero.then_some(0.0);
    Some(extent(base.map(|u| exponent.of(u)).into_iter().chain(least)))
}

fn called(call: Call, argument: [f64; 2]) -> Option<[f64; 2]> {
    if Function::Call(call).has_pole() && !Function::Call(call).covers(argument) {
        return None;
    }
    let ends = argument.map(|u| call.of(u));
    Some(match call {
        Call::Sin | Call::Cos => [-1.0, 1.0],
        Call::Abs if argument[0] <= 0.0 && argument[1] >= 0.0 => [0.0, ends[0].max(ends[1])],
        // Monotone, if there is no pole.
        _ => extent(ends.into_iter()),
    })
}

/// The product of two bounds, where an infinite bound stands for finite values.
fn times(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
}

fn extent(values: impl Iterator<Item = f64>) -> [f64; 2] {
    values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
        [low.min(value), high.max(value)]
    })
}
