//! The search for the inner parameters of `c f(a u + b) + d`.

use super::mean;
use super::polish::polished;
use crate::function::{Call, Function};

/// Points of the first search for a scale, and twice that for a shift.
const GRID: i32 = 40;
/// The greatest scale and shift in units of half the range of the samples.
const LARGEST: f64 = 10.0;
/// Cells of the first search from which the fit goes on.
const STARTS: usize = 3;
/// Poles come no closer to a sample, in units of half the range of the samples: a curve next to one says something about a
/// single sample only.
const CLEARANCE: f64 = 1e-4;
/// Functions vary at least by this share of their size, so that no large factor has to make much of little: digits are lost.
const LEAST_VARIATION: f64 = 1e-4;
/// Samples that the search looks at; the curve that it finds is polished on all.
const SEARCHED: usize = 100;

/// Which of the inner parameters change the family of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inner {
    /// None: `c` and `d` do all.
    Nothing,
    /// The place only; the scale is in `c` or `d`.
    Shift,
    /// The scale only; the place is in `c`.
    Scale,
    Both,
}

impl Inner {
    pub(super) fn count(self) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::Shift | Self::Scale => 1.0,
            Self::Both => 2.0,
        }
    }
}

/// Which of them change that of a function.
pub(super) fn inner(function: Function) -> Inner {
    match function {
        Function::Zero | Function::Identity => Inner::Nothing,
        Function::Power(_) | Function::Call(Call::Log | Call::Abs | Call::Sign) => Inner::Shift,
        Function::Call(Call::Exp) => Inner::Scale,
        _ => Inner::Both,
    }
}

/// Pairs of a scale and a shift to begin with, on samples from -1 to 1.
fn starts(function: Function) -> Vec<(f64, f64)> {
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
        Inner::Nothing => vec![(1.0, 0.0)],
        // Closer to the edges as well: where a pole is just outside.
        Inner::Shift => {
            let near = [1.001, 1.003, 1.01, 1.03, 1.1]
                .into_iter()
                .flat_map(|edge| [edge, -edge]);
            shifts
                .chain(near)
                .flat_map(|b| signs.iter().map(move |sign| (*sign, b)))
                .collect()
        }
        Inner::Scale => scales.map(|a| (a, 0.0)).collect(),
        Inner::Both => {
            let shifts: Vec<f64> = shifts.collect();
            // Odd and even functions: a negative scale is another factor or shift.
            scales
                .filter(|a| *a > 0.0)
                .flat_map(|a| shifts.iter().map(move |b| (a, *b)))
                .collect()
        }
    }
}

/// The parameters with the least residual on samples from -1 to 1; none if the function cannot be smooth there.
pub(super) fn fit_function(u: &[f64], y: &[f64], function: Function) -> Option<[f64; 4]> {
    // In the order of u and with both ends, so that few samples see all of the range.
    let mut order: Vec<usize> = (0..u.len()).collect();
    order.sort_by(|a, b| u[*a].total_cmp(&u[*b]));
    let n = order.len().min(SEARCHED);
    let few = (0..n).map(|k| order[k * (order.len() - 1) / (n - 1).max(1)]);
    let (few_u, few_y): (Vec<f64>, Vec<f64>) = few.map(|at| (u[at], y[at])).unzip();
    let mut found: Vec<(f64, [f64; 4])> = starts(function)
        .into_iter()
        .filter(|(a, b)| is_smooth(function, (*a, *b)))
        .filter_map(|start| outer(&few_u, &few_y, (function, start)))
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.truncate(STARTS);
    let free = inner(function);
    let (_, best) = found
        .iter()
        .filter_map(|(_, start)| polished((&few_u, &few_y), function, (*start, free)))
        .min_by(|a, b| a.0.total_cmp(&b.0))?;
    polished((u, y), function, (best, free)).map(|(_, parameters)| parameters)
}

/// Whether `f(a u + b)` is smooth on [-1, 1], and keeps its distance from poles.
pub(super) fn is_smooth(function: Function, (a, b): (f64, f64)) -> bool {
    let clearance = if function.has_pole() { CLEARANCE } else { 0.0 };
    let reach = a.abs() * (1.0 + clearance);
    function.covers([b - reach, b + reach])
}

/// The residual sum of squares and all parameters, `c` and `d` by linear regression.
pub(super) fn outer(u: &[f64], y: &[f64], (function, (a, b)): (Function, (f64, f64))) -> Option<(f64, [f64; 4])> {
    let n = u.len() as f64;
    let values: Vec<f64> = u.iter().map(|u| function.of(a * u + b)).collect();
    let (mean_f, mean_y) = (mean(&values), mean(y));
    let [mut ff, mut fy, mut yy] = [0.0; 3];
    for (f, y) in values.iter().zip(y) {
        let (f, y) = (f - mean_f, y - mean_y);
        ff += f * f;
        fy += f * y;
        yy += y * y;
    }
    let c = fy / ff;
    // Powers have the size of their values, the others are of size 1 or more.
    let unit = f64::from(u8::from(!matches!(function, Function::Power(_))));
    let size = unit + mean_f * mean_f;
    let good = ff > LEAST_VARIATION.powi(2) * n * size && c.is_finite();
    good.then(|| ((yy - c * fy).max(0.0), [a, b, c, mean_y - c * mean_f]))
}
