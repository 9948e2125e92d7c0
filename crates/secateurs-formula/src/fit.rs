//! Fits curves to samples and chooses among them.

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::curve::{Curve, CurveFit, MOST_DEGREE, Shape, check_finite};
use crate::function::{Call, Function};
use crate::{FormulaError, Result};

mod polish;
mod polynomial;

use polish::polished;
use polynomial::polynomial;

/// Points of the first search for a scale, and twice that for a shift.
const GRID: i32 = 40;
/// The greatest scale and shift in units of half the range of the samples.
const LARGEST: f64 = 10.0;
/// Cells of the first search from which the fit goes on.
const STARTS: usize = 3;
/// Larger samples have squares that do not add up to a number.
const LARGEST_SAMPLE: f64 = 1e140;
/// Poles come no closer to a sample, in the same units: a curve next to one says something about a single sample only.
const CLEARANCE: f64 = 1e-4;
/// Functions vary at least by this share of their size, so that no large factor has to make much of little: digits are lost.
const LEAST_VARIATION: f64 = 1e-4;
/// Samples that the search looks at; the curve that it finds is polished on all.
const SEARCHED: usize = 100;

/// The shapes that an edge may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Library(pub Vec<Shape>);

impl Library {
    /// Functions by their names, such as `sin` and `x^2`.
    ///
    /// # Errors
    ///
    /// If there is no function of that name.
    pub fn of(names: &[&str]) -> Result<Self> {
        let shapes = names.iter().map(|name| Ok(Shape::Function(name.parse()?)));
        Ok(Self(shapes.collect::<Result<_>>()?))
    }

    /// Every function.
    pub fn all() -> Self {
        Self(Function::all().map(Shape::Function).collect())
    }

    /// The same with polynomials up to a degree, at most [`MOST_DEGREE`].
    #[must_use]
    pub fn with_polynomials(mut self, degree: u8) -> Self {
        self.0.extend((2..=degree.min(MOST_DEGREE)).map(Shape::Polynomial));
        self
    }
}

impl Default for Library {
    /// Every function but steps, inverse waves and high negative powers, which fit by accident.
    fn default() -> Self {
        let usual = |shape: &Function| shape.complexity() < 4 && *shape != Function::Call(Call::Sign);
        Self(Function::all().filter(usual).map(Shape::Function).collect())
    }
}

/// Which of several fits is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Criterion {
    /// The simplest that explains at least `r_squared`, or the best of all if none does. Among equally simple ones, first those
    /// with fewer parameters, since a cosine is as good as a parabola on any piece of one; then the better ones.
    Simplest {
        /// Share of the variance.
        r_squared: f64,
    },
    /// The least `simplicity * complexity + (1 - simplicity) * log2(1 + 1e-5 - r_squared)`, as in pykan.
    Weighted {
        /// Weight of the complexity, from 0 to 1.
        simplicity: f64,
    },
}

impl Default for Criterion {
    fn default() -> Self {
        Self::Simplest { r_squared: 0.99 }
    }
}

impl Criterion {
    /// Brings the preferred fits to the front.
    pub fn sort(self, fits: &mut [CurveFit]) {
        fits.sort_by(|a, b| self.compare(a, b));
    }

    /// The preferred fit, none if there are no fits.
    pub fn preferred(self, fits: &[CurveFit]) -> Option<&CurveFit> {
        fits.iter().min_by(|a, b| self.compare(a, b))
    }

    fn compare(self, a: &CurveFit, b: &CurveFit) -> Ordering {
        let ((a, a_next), (b, b_next)) = (self.cost(a), self.cost(b));
        a.total_cmp(&b).then(a_next.total_cmp(&b_next))
    }

    /// What is smallest for the fit that is chosen.
    fn cost(self, fit: &CurveFit) -> (f64, f64) {
        let shape = fit.curve.shape();
        let complexity = shape.complexity() as f64;
        let unexplained = (1.0 + 1e-5 - fit.r_squared).log2();
        let freedom = match shape {
            Shape::Polynomial(degree) => f64::from(degree),
            Shape::Function(function) => 1.0 + inner(function).count(),
        };
        match self {
            // A whole step of complexity is more than any freedom.
            Self::Simplest { r_squared } if fit.r_squared >= r_squared => (complexity + 0.01 * freedom, unexplained),
            Self::Simplest { .. } => (f64::INFINITY, -fit.r_squared),
            Self::Weighted { simplicity } => (simplicity * complexity + (1.0 - simplicity) * unexplained, freedom),
        }
    }
}

/// The fits of all shapes to samples, the one that the criterion prefers first.
///
/// Shapes that have a pole or leave their domain between the least and the greatest `x` are left out, whatever their
/// parameters. Samples without variation give a constant.
///
/// # Errors
///
/// If the lists differ in length, there is no sample, or one is NaN or infinite.
pub fn suggestions(x: &[f64], y: &[f64], (library, criterion): (&Library, Criterion)) -> Result<Vec<CurveFit>> {
    let mut fits = fits(x, y, library)?;
    criterion.sort(&mut fits);
    Ok(fits)
}

/// The fits of all shapes, in the order of the library, and a constant; of samples at one or two values of `x` only a line
/// and a constant.
///
/// # Errors
///
/// As for [`suggestions`].
pub fn fits(x: &[f64], y: &[f64], library: &Library) -> Result<Vec<CurveFit>> {
    check(x, y)?;
    if has_two_values(x) {
        // A line meets two means; any other function would only look more involved.
        let line = fit_shape(x, y, Shape::Function(Function::Identity))?;
        return Ok(line.into_iter().chain([constant(y)]).collect());
    }
    let fit = |shape: &Shape| fit_shape(x, y, *shape);
    let mut fits: Vec<CurveFit> = library
        .0
        .par_iter()
        .map(fit)
        .filter_map(Result::transpose)
        .collect::<Result<_>>()?;
    fits.push(constant(y));
    Ok(fits)
}

/// The fit that a criterion prefers.
///
/// # Errors
///
/// As for [`suggestions`].
pub fn best(x: &[f64], y: &[f64], choice: (&Library, Criterion)) -> Result<CurveFit> {
    let mut fits = suggestions(x, y, choice)?;
    Ok(fits.remove(0))
}

/// The least-squares fit of one shape; none if it cannot be smooth on the range of `x`.
///
/// `c` and `d` follow in closed form from `a` and `b`, which are searched on a grid in units of half the range of `x` (only
/// one of them for functions where the other changes nothing), on at most 100 samples spread over the range. The best cells are
/// polished by Levenberg-Marquardt steps on these, and the best of them on all samples.
///
/// # Errors
///
/// As for [`suggestions`].
///
/// # Examples
///
/// ```
/// use secateurs_formula::{Function, Shape, fit_shape};
///
/// let x: Vec<f64> = (0..50).map(|i| f64::from(i) / 25.0 - 1.0).collect();
/// let y: Vec<f64> = x.iter().map(|x| 2.0 * (3.0 * x + 0.5).sin() - 1.0).collect();
/// let sine: Function = "sin".parse()?;
/// let fit = fit_shape(&x, &y, Shape::Function(sine))?.expect("a sine is smooth");
/// assert!(fit.r_squared > 1.0 - 1e-9);
/// # Ok::<(), secateurs_formula::FormulaError>(())
/// ```
pub fn fit_shape(x: &[f64], y: &[f64], shape: Shape) -> Result<Option<CurveFit>> {
    check(x, y)?;
    let [low, high] = range(x);
    let half = 0.5 * (high - low);
    let middle = 0.5 * (high + low);
    if half <= 0.0 || [half, middle].iter().any(|value| !value.is_finite()) {
        return Ok(Some(constant(y)));
    }
    // From -1 to 1.
    let u: Vec<f64> = x.iter().map(|x| (x - middle) / half).collect();
    let function = match shape {
        Shape::Polynomial(degree) if degree > MOST_DEGREE => {
            return Err(FormulaError::Degree {
                most: MOST_DEGREE,
                got: degree,
            });
        }
        Shape::Polynomial(degree) => return Ok(Some(best_polynomial((x, &u), y, degree, (middle, half)))),
        Shape::Function(Function::Zero) => return Ok(Some(constant(y))),
        Shape::Function(function) => function,
    };
    let Some([a, b, c, d]) = fit_function(&u, y, function) else {
        return Ok(None);
    };
    let parameters = vec![a / half, b - a * middle / half, c, d];
    let fit = Curve::new(shape, parameters).ok().map(|curve| judged(curve, x, y));
    // Samples far from zero and close together leave no digits to `a x + b`.
    Ok(fit.filter(|fit| fit.r_squared > -1e-6))
}

/// The polynomial of the degree, or of a lower one that fits better: samples far from zero and close together leave no digits
/// to the high powers of `x`.
fn best_polynomial((x, u): (&[f64], &[f64]), y: &[f64], degree: u8, place: (f64, f64)) -> CurveFit {
    let of = |degree| judged(polynomial(u, y, degree, place), x, y);
    let lower = (1..degree).rev().map(of).chain([constant(y)]);
    lower.fold(of(degree), |best, fit| {
        let is_better = fit.r_squared > best.r_squared + 1e-9;
        if is_better { fit } else { best }
    })
}

fn check(x: &[f64], y: &[f64]) -> Result<()> {
    if x.len() != y.len() || x.is_empty() {
        return Err(FormulaError::Length {
            what: "samples",
            expected: x.len().max(1),
            got: y.len(),
        });
    }
    check_finite("x", x)?;
    check_finite("y", y)?;
    // Squares must stay finite.
    match y.iter().position(|y| y.abs() > LARGEST_SAMPLE) {
        None => Ok(()),
        Some(index) => Err(FormulaError::NotFinite {
            what: "squares of y",
            index,
            value: y[index] * y[index],
        }),
    }
}

fn has_two_values(x: &[f64]) -> bool {
    let [low, high] = range(x);
    x.iter().all(|x| *x == low || *x == high)
}

fn range(values: &[f64]) -> [f64; 2] {
    values
        .iter()
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
            [low.min(*value), high.max(*value)]
        })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn constant(y: &[f64]) -> CurveFit {
    let value = mean(y);
    let total: f64 = y.iter().map(|y| (y - value).powi(2)).sum();
    CurveFit {
        curve: Curve::constant(value),
        r_squared: if total <= negligible(y) { 1.0 } else { 0.0 },
    }
}

/// Sums of squares that rounding leaves of a constant.
fn negligible(y: &[f64]) -> f64 {
    1e-24 * y.iter().map(|y| y * y).sum::<f64>()
}

fn judged(curve: Curve, x: &[f64], y: &[f64]) -> CurveFit {
    let mean = mean(y);
    let total: f64 = y.iter().map(|y| (y - mean).powi(2)).sum();
    let residual: f64 = x.iter().zip(y).map(|(x, y)| (curve.at(*x) - y).powi(2)).sum();
    let r_squared = if total <= negligible(y) {
        f64::from(u8::from(residual <= 4.0 * negligible(y)))
    } else {
        1.0 - residual / total
    };
    CurveFit { curve, r_squared }
}

/// Which of the inner parameters change the family of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    /// None: `c` and `d` do all.
    Nothing,
    /// The place only; the scale is in `c` or `d`.
    Shift,
    /// The scale only; the place is in `c`.
    Scale,
    Both,
}

impl Inner {
    fn count(self) -> f64 {
        match self {
            Self::Nothing => 0.0,
            Self::Shift | Self::Scale => 1.0,
            Self::Both => 2.0,
        }
    }
}

fn inner(function: Function) -> Inner {
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

fn fit_function(u: &[f64], y: &[f64], function: Function) -> Option<[f64; 4]> {
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
fn is_smooth(function: Function, (a, b): (f64, f64)) -> bool {
    let clearance = if function.has_pole() { CLEARANCE } else { 0.0 };
    let reach = a.abs() * (1.0 + clearance);
    function.covers([b - reach, b + reach])
}

/// The residual sum of squares and all parameters, `c` and `d` by linear regression.
fn outer(u: &[f64], y: &[f64], (function, (a, b)): (Function, (f64, f64))) -> Option<(f64, [f64; 4])> {
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
