//! The search for the inner parameters of `c f(a u + b) + d`.

use super::family::{Candidate, Inner, Line, Samples, inner, is_smooth, outer};
use super::polish::polish;
use crate::expression::function::{Call, Function};

/// Points of the first search for a scale; the search for a shift has twice as many.
const GRID: i32 = 40;
/// The greatest scale and shift in units of half the range of the samples.
const LARGEST: f64 = 10.0;
/// Number of cells of the first search from which the fit continues.
const STARTS: usize = 3;
/// Largest number of samples that the search looks at; the curve that it finds is polished on all.
const SEARCHED: usize = 100;

/// Pairs of a scale and a shift to begin with, on samples from -1 to 1.
fn starts(function: Function) -> Vec<Line> {
    let step = LARGEST / f64::from(GRID);
    let shifts = (-2 * GRID..=2 * GRID).map(|n| f64::from(n) * step / 2.0);
    let scales = (-GRID..=GRID).filter(|n| *n != 0).map(|n| f64::from(n) * step);
    // Roots and logarithms open to the right or to the left; for the others the sign is in the factor.
    let one_sided = match function {
        Function::Power(exponent) => !exponent.is_whole(),
        Function::Call(call) => call == Call::Log,
        _ => false,
    };
    let signs: &[f64] = if one_sided { &[1.0, -1.0] } else { &[1.0] };
    match inner(function) {
        Inner::Nothing => vec![Line { a: 1.0, b: 0.0 }],
        // Closer to the edges as well: where a pole is just outside.
        Inner::Shift => {
            let near = [1.001, 1.003, 1.01, 1.03, 1.1]
                .into_iter()
                .flat_map(|edge| [edge, -edge]);
            shifts
                .chain(near)
                .flat_map(|b| signs.iter().map(move |sign| Line { a: *sign, b }))
                .collect()
        }
        Inner::Scale => scales.map(|a| Line { a, b: 0.0 }).collect(),
        Inner::Both => {
            let shifts: Vec<f64> = shifts.collect();
            // Odd and even functions: a negative scale is another factor or shift.
            scales
                .filter(|a| *a > 0.0)
                .flat_map(|a| shifts.iter().map(move |b| Line { a, b: *b }))
                .collect()
        }
    }
}

/// The parameters with the least residual on samples from -1 to 1; none if the function cannot be smooth there.
pub(super) fn fit_function(samples: Samples<'_>, function: Function) -> Option<[f64; 4]> {
    let Samples { u, y } = samples;
    // In the order of u and with both ends, so that few samples see all of the range.
    let mut order: Vec<usize> = (0..u.len()).collect();
    order.sort_by(|a, b| u[*a].total_cmp(&u[*b]));
    let n = order.len().min(SEARCHED);
    let few = (0..n).map(|k| order[k * (order.len() - 1) / (n - 1).max(1)]);
    let (few_u, few_y): (Vec<f64>, Vec<f64>) = few.map(|at| (u[at], y[at])).unzip();
    let few = Samples { u: &few_u, y: &few_y };
    let mut found: Vec<Candidate> = starts(function)
        .into_iter()
        .filter(|line| is_smooth(function, *line))
        .filter_map(|line| outer(few, function, line))
        .collect();
    found.sort_by(|a, b| a.loss.total_cmp(&b.loss));
    found.truncate(STARTS);
    let best = found
        .iter()
        .filter_map(|start| polish(few, function, start.line()))
        .min_by(|a, b| a.loss.total_cmp(&b.loss))?;
    polish(samples, function, best.line()).map(|best| best.parameters)
}
