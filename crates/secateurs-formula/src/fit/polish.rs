//! Levenberg-Marquardt steps on the parameters of `c f(a u + b) + d`.

use super::family::{Candidate, Inner, Line, Samples, inner, is_smooth, outer};
use crate::expression::function::Function;

const STEPS: usize = 100;
/// Least share of the sum of squares that a step must gain for the search to continue.
const LEAST_GAIN: f64 = 1e-12;

/// The best curve near a start; none if the start is not smooth on [-1, 1].
///
/// Steps are in `a` and `b`; `c` and `d` are optimal at each (variable projection in Kaufman's form).
pub(super) fn polish(samples: Samples<'_>, function: Function, start: Line) -> Option<Candidate> {
    let free = inner(function);
    let at = |line: Line| {
        let smooth = is_smooth(function, line);
        smooth.then(|| outer(samples, function, line)).flatten()
    };
    let mut best = at(start)?;
    let mut damping = 1e-3;
    for _ in 0..STEPS {
        let Candidate { loss, parameters } = best;
        if loss == 0.0 || free == Inner::Nothing {
            break;
        }
        let normal = normal_equations(samples, function, parameters);
        let mut improved = false;
        while damping < 1e12 {
            let [da, db] = step(&normal, damping, free);
            let line = Line {
                a: parameters[0] + da,
                b: parameters[1] + db,
            };
            match at(line) {
                Some(next) if next.loss < loss => {
                    best = next;
                    damping = (damping * 0.2).max(1e-15);
                    improved = true;
                    break;
                }
                _ => damping *= 5.0,
            }
        }
        if !improved || loss - best.loss < LEAST_GAIN * loss {
            break;
        }
    }
    Some(best)
}

/// The normal equations, `J'J` and `-J'r`, over a and b, with columns projected off the columns of c and d.
struct Normal {
    aa: f64,
    ab: f64,
    bb: f64,
    a: f64,
    b: f64,
}

fn normal_equations(samples: Samples<'_>, function: Function, [a, b, c, d]: [f64; 4]) -> Normal {
    let Samples { u, y } = samples;
    let values: Vec<f64> = u.iter().map(|u| function.of(a * u + b)).collect();
    let by_b: Vec<f64> = u.iter().map(|u| c * function.slope(a * u + b)).collect();
    let by_a: Vec<f64> = u.iter().zip(&by_b).map(|(u, slope)| u * slope).collect();
    let project = |column: Vec<f64>| {
        let (mean, mean_f) = (super::mean(&column), super::mean(&values));
        let (mut ff, mut fj) = (0.0, 0.0);
        for (f, j) in values.iter().zip(&column) {
            ff += (f - mean_f) * (f - mean_f);
            fj += (f - mean_f) * (j - mean);
        }
        let share = if ff > 0.0 { fj / ff } else { 0.0 };
        let rest = column.iter().zip(&values).map(|(j, f)| j - mean - share * (f - mean_f));
        rest.collect::<Vec<f64>>()
    };
    let (by_a, by_b) = (project(by_a), project(by_b));
    let mut normal = Normal {
        aa: 0.0,
        ab: 0.0,
        bb: 0.0,
        a: 0.0,
        b: 0.0,
    };
    for (((f, y), ja), jb) in values.iter().zip(y).zip(&by_a).zip(&by_b) {
        let residual = c * f + d - y;
        normal.aa += ja * ja;
        normal.ab += ja * jb;
        normal.bb += jb * jb;
        normal.a -= ja * residual;
        normal.b -= jb * residual;
    }
    normal
}

fn step(normal: &Normal, damping: f64, free: Inner) -> [f64; 2] {
    let aa = normal.aa * (1.0 + damping) + f64::MIN_POSITIVE;
    let bb = normal.bb * (1.0 + damping) + f64::MIN_POSITIVE;
    match free {
        Inner::Nothing => [0.0, 0.0],
        Inner::Shift => [0.0, normal.b / bb],
        Inner::Scale => [normal.a / aa, 0.0],
        Inner::Both => {
            let determinant = aa * bb - normal.ab * normal.ab;
            [
                (normal.a * bb - normal.b * normal.ab) / determinant,
                (normal.b * aa - normal.a * normal.ab) / determinant,
            ]
        }
    }
}
