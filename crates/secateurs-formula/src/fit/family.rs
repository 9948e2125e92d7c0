//! The family of curves `c f(a u + b) + d` over samples at `u` in [-1, 1].

use super::mean;
use crate::expression::function::{Call, Function};

/// Least distance of a pole from a sample, in units of half the range of the samples: a curve next to a pole says
/// something about a single sample only.
const CLEARANCE: f64 = 1e-4;
/// Least variation of a function as a share of its size: with less, a large factor would cancel digits.
const LEAST_VARIATION: f64 = 1e-4;

/// Samples `y` at `u` in [-1, 1].
#[derive(Debug, Clone, Copy)]
pub(super) struct Samples<'a> {
    pub(super) u: &'a [f64],
    pub(super) y: &'a [f64],
}

/// The inner line `a u + b`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) a: f64,
    pub(super) b: f64,
}

/// A curve of the family and its distance from the samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// Residual sum of squares.
    pub(super) loss: f64,
    /// Parameters `[a, b, c, d]`.
    pub(super) parameters: [f64; 4],
}

impl Candidate {
    /// The inner line of the curve.
    pub(super) fn line(self) -> Line {
        let [a, b, ..] = self.parameters;
        Line { a, b }
    }
}

/// Inner parameters that change the family of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inner {
    /// No inner parameter: `c` and `d` suffice.
    Nothing,
    /// The place only; the scale is part of `c` or `d`.
    Shift,
    /// The scale only; the place is part of `c`.
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

/// The inner parameters that change the curves of a function.
pub(super) fn inner(function: Function) -> Inner {
    match function {
        Function::Zero | Function::Identity => Inner::Nothing,
        Function::Power(_) | Function::Call(Call::Log | Call::Abs | Call::Sign) => Inner::Shift,
        Function::Call(Call::Exp) => Inner::Scale,
        _ => Inner::Both,
    }
}

/// Whether `f(a u + b)` is smooth on [-1, 1], and keeps its distance from poles.
pub(super) fn is_smooth(function: Function, line: Line) -> bool {
    let Line { a, b } = line;
    let clearance = if function.has_pole() { CLEARANCE } else { 0.0 };
    let reach = a.abs() * (1.0 + clearance);
    function.covers([b - reach, b + reach])
}

/// The best curve with a given inner line: finds `c` and `d` by linear regression; none if the function hardly varies.
pub(super) fn outer(samples: Samples<'_>, function: Function, line: Line) -> Option<Candidate> {
    let (Samples { u, y }, Line { a, b }) = (samples, line);
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
    good.then(|| Candidate {
        loss: (yy - c * fy).max(0.0),
        parameters: [a, b, c, mean_y - c * mean_f],
    })
}
