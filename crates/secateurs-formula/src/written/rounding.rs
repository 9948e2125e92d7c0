//! Rounds constants so that values hardly change.

use crate::expression::expr::{Expr, Rounding};
use crate::expression::poles::may_have_poles;
use crate::expression::program::Program;

/// Rows on which values are compared, besides corners.
const ROWS: usize = 384;
/// Number of further rows, where the values are near zero.
const MOST_ZEROS: usize = 128;
/// Number of halvings on the way to such a row.
const BISECTIONS: usize = 40;
/// Number of variables whose ends are combined in all ways.
const MOST_CORNERS: usize = 7;
/// Number of steps after which a constant keeps its digits.
const MOST_STEPS: u8 = 20;
/// Number of constants above which all get digits at once.
const MOST_CONSTANTS: usize = 200;
/// Magnitude from which on a number has no decimals.
const LARGE: f64 = 1e6;

impl Rounding {
    /// The share that a value may change by; see [`Formula::rounded`](crate::Formula::rounded).
    fn tolerance(self) -> f64 {
        let (Self::Decimals(digits) | Self::Significant(digits)) = self;
        10f64.powi(1 - i32::from(digits)).min(0.5)
    }

    /// A constant after a number of steps towards its exact value.
    fn step(self, value: f64, step: u8) -> f64 {
        if step >= MOST_STEPS {
            return value;
        }
        match self {
            Self::Significant(digits) => Self::Significant(digits.saturating_add(step)).of(value),
            Self::Decimals(digits) if value.abs() >= LARGE => {
                Self::Significant(digits.saturating_add(step).saturating_add(3)).of(value)
            }
            Self::Decimals(digits) if step == 0 => Self::Decimals(digits).of(value),
            Self::Decimals(digits) => {
                let digits = digits.saturating_add(step);
                let [decimals, leading] =
                    [Self::Decimals(digits), Self::Significant(digits - 1)].map(|by| by.of(value));
                let is_closer = (leading - value).abs() < (decimals - value).abs();
                if is_closer { leading } else { decimals }
            }
        }
    }
}

/// The expression with rounded constants, with more digits where values or poles on the ranges need them.
pub(crate) fn rounded(expr: &Expr, ranges: &[[f64; 2]], rounding: Rounding) -> Expr {
    let exact = Exact::new(expr, ranges, rounding);
    // Simplifying makes new constants of rounded ones.
    let once = exact.rounded(expr);
    exact.rounded(&once)
}

/// Values of an expression on rows that fill its ranges.
struct Exact<'a> {
    ranges: &'a [[f64; 2]],
    rounding: Rounding,
    rows: Vec<f64>,
    values: Vec<f64>,
    allowed: Vec<f64>,
    may_have_poles: bool,
}

impl<'a> Exact<'a> {
    fn new(expr: &Expr, ranges: &'a [[f64; 2]], rounding: Rounding) -> Self {
        let program = Program::new(expr);
        let mut rows = rows(&expr.variables(), ranges);
        let mut values = program.at(&rows, ranges.len());
        if matches!(rounding, Rounding::Decimals(_)) {
            let zeros = zeros(&program, &rows, &values, ranges.len());
            values.extend(program.at(&zeros, ranges.len()));
            rows.extend(zeros);
        }
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        let spread = finite().fold(f64::NEG_INFINITY, f64::max) - finite().fold(f64::INFINITY, f64::min);
        let unit = match rounding {
            Rounding::Decimals(_) => 1.0,
            Rounding::Significant(_) => spread.max(0.0),
        };
        // Half of the promised share, since there are values between the rows.
        let share = 0.5 * rounding.tolerance();
        Self {
            allowed: values.iter().map(|value| share * value.abs().max(unit)).collect(),
            may_have_poles: may_have_poles(expr, ranges),
            ranges,
            rounding,
            rows,
            values,
        }
    }

    /// The largest change of a value, as a share of the allowed change; infinite if there is a new pole.
    fn excess(&self, expr: &Expr) -> f64 {
        if !self.may_have_poles && may_have_poles(expr, self.ranges) {
            return f64::INFINITY;
        }
        let values = Program::new(expr).at(&self.rows, self.ranges.len());
        let changes = values.iter().zip(&self.values).map(|(value, exact)| value - exact);
        let shares = changes
            .zip(&self.allowed)
            .zip(&self.values)
            .map(|((change, allowed), exact)| match change {
                _ if !exact.is_finite() || change == 0.0 => 0.0,
                change if change.is_finite() => change.abs() / allowed,
                _ => f64::INFINITY,
            });
        shares.fold(0.0, f64::max)
    }

    fn rounded(&self, expr: &Expr) -> Expr {
        let exact = constants(expr);
        let mut steps = vec![0u8; exact.len()];
        let at = |constant: usize, steps: &[u8]| self.rounding.step(exact[constant], steps[constant]);
        // How much each constant does on its own, as far as it was needed.
        let mut alone: Vec<Option<f64>> = vec![None; exact.len()];
        loop {
            let values: Vec<f64> = (0..exact.len()).map(|constant| at(constant, &steps)).collect();
            let candidate = with_constants(expr, &values).substituted(&[]);
            let inexact = || (0..exact.len()).filter(|constant| values[*constant] != exact[*constant]);
            if inexact().next().is_none() || self.excess(&candidate) <= 1.0 {
                return candidate;
            }
            if exact.len() > MOST_CONSTANTS {
                steps.iter_mut().for_each(|step| *step += 1);
                continue;
            }
            let mut worst = (f64::NEG_INFINITY, 0);
            for constant in inexact() {
                let excess = *alone[constant].get_or_insert_with(|| {
                    let mut one = exact.clone();
                    one[constant] = values[constant];
                    self.excess(&with_constants(expr, &one))
                });
                if excess > worst.0 {
                    worst = (excess, constant);
                }
            }
            steps[worst.1] += 1;
            alone[worst.1] = None;
        }
    }
}

/// Rows where an expression is near zero, in rows of `width` numbers: between neighbours of opposite signs. Where values may
/// change by a share of themselves, they may change least there.
fn zeros(program: &Program, rows: &[f64], values: &[f64], width: usize) -> Vec<f64> {
    let row = |index: usize| &rows[index * width..(index + 1) * width];
    let neighbours = values.windows(2).enumerate();
    let opposite = neighbours.filter(|(_, pair)| pair[0].is_finite() && pair[1].is_finite() && pair[0] * pair[1] < 0.0);
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for (index, pair) in opposite.take(MOST_ZEROS) {
        let (low, high) = if pair[0] < 0.0 {
            (index, index + 1)
        } else {
            (index + 1, index)
        };
        below.extend_from_slice(row(low));
        above.extend_from_slice(row(high));
    }
    for _ in 0..BISECTIONS {
        let middle: Vec<f64> = below.iter().zip(&above).map(|(a, b)| 0.5 * a + 0.5 * b).collect();
        for (number, value) in program.at(&middle, width).into_iter().enumerate() {
            let side = if value < 0.0 { &mut below } else { &mut above };
            let place = number * width..(number + 1) * width;
            side[place.clone()].copy_from_slice(&middle[place]);
        }
    }
    below
}

/// The ends of all ranges in all combinations (of the first few variables), and rows that are spread evenly between them.
fn rows(variables: &[usize], ranges: &[[f64; 2]]) -> Vec<f64> {
    let mut row: Vec<f64> = ranges.iter().map(|[low, high]| 0.5 * low + 0.5 * high).collect();
    let variables: Vec<usize> = variables.iter().copied().filter(|index| *index < row.len()).collect();
    let at = |index: usize, share: f64| ranges[index][0] * (1.0 - share) + ranges[index][1] * share;
    let mut rows = Vec::new();
    let combined = variables.len().min(MOST_CORNERS);
    for corner in 0..1usize << combined {
        for (bit, index) in variables.iter().take(combined).enumerate() {
            row[*index] = at(*index, (corner >> bit & 1) as f64);
        }
        rows.extend_from_slice(&row);
    }
    // The additive recurrence of Roberts: shares of powers of the root of g^(d + 1) = g + 1.
    let d = variables.len() as f64;
    let root = (0..32).fold(1.5f64, |g, _| (1.0 + g).powf(1.0 / (d + 1.0)));
    for number in 0..ROWS {
        for (place, index) in variables.iter().enumerate() {
            let share = 0.5 + (number as f64) * root.powi(-(place as i32) - 1);
            row[*index] = at(*index, share.fract());
        }
        rows.extend_from_slice(&row);
    }
    rows
}

/// All constants, in the order in which they stand.
pub(crate) fn constants(expr: &Expr) -> Vec<f64> {
    match expr {
        Expr::Constant(value) => vec![*value],
        Expr::Variable(_) => Vec::new(),
        Expr::Sum(parts) | Expr::Product(parts) => parts.iter().flat_map(constants).collect(),
        Expr::Power(inner, _) | Expr::Call(_, inner) => constants(inner),
    }
}

/// The expression, not simplified, with other constants in the order of [`constants`].
fn with_constants(expr: &Expr, values: &[f64]) -> Expr {
    fn replace(expr: &Expr, values: &mut impl Iterator<Item = f64>) -> Expr {
        match expr {
            Expr::Constant(value) => Expr::Constant(values.next().unwrap_or(*value)),
            Expr::Variable(index) => Expr::Variable(*index),
            Expr::Sum(parts) => Expr::Sum(parts.iter().map(|part| replace(part, values)).collect()),
            Expr::Product(parts) => Expr::Product(parts.iter().map(|part| replace(part, values)).collect()),
            Expr::Power(base, exponent) => Expr::Power(Box::new(replace(base, values)), *exponent),
            Expr::Call(call, argument) => Expr::Call(*call, Box::new(replace(argument, values))),
        }
    }
    replace(expr, &mut values.iter().copied())
}
