//! Fits curves to samples and chooses among them.

use std::cmp::Ordering;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::curve::{Curve, CurveFit, MOST_DEGREE, Shape, check_finite};
use crate::expression::function::{Call, Function};
use crate::{FormulaError, Result};

mod family;
mod polish;
mod polynomial;
mod search;

use family::{Samples, inner};
use polynomial::{Place, polynomial};
use search::fit_function;

/// Largest magnitude of a sample; squares of larger ones add up to infinity.
const LARGEST_SAMPLE: f64 = 1e140;

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

    /// Adds polynomials up to a degree, at most [`MOST_DEGREE`].
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

/// The rule that chooses among several fits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Criterion {
    /// The simplest fit that explains at least `r_squared`, or the best of all if none does. Among equally simple ones,
    /// first those with fewer parameters, since a cosine is as good as a parabola on any piece of one; then the better
    /// ones.
    Simplest {
        /// Least share of the variance to explain.
        r_squared: f64,
    },
    /// The fit with the least `simplicity * complexity + (1 - simplicity) * log2(1 + 1e-5 - r_squared)`, as in pykan.
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
    /// Sorts fits, the preferred first.
    pub fn sort(self, fits: &mut [CurveFit]) {
        fits.sort_by(|a, b| self.compare(a, b));
    }

    /// The preferred fit; none if there are no fits.
    pub fn preferred(self, fits: &[CurveFit]) -> Option<&CurveFit> {
        fits.iter().min_by(|a, b| self.compare(a, b))
    }

    fn compare(self, a: &CurveFit, b: &CurveFit) -> Ordering {
        let ((a, a_next), (b, b_next)) = (self.cost(a), self.cost(b));
        a.total_cmp(&b).then(a_next.total_cmp(&b_next))
    }

    /// Cost of a fit: the preferred fit has the least.
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

/// The fits of all shapes to samples, the preferred one first.
///
/// Shapes that have a pole or leave their domain between the least and the greatest `x`, or have a pole closer to them than
/// 1e-4 of half the range, are left out, whatever their parameters. Samples without variation give a constant.
///
/// # Errors
///
/// If the lists differ in length, there is no sample, or one is NaN or infinite.
pub fn suggestions(x: &[f64], y: &[f64], library: &Library, criterion: Criterion) -> Result<Vec<CurveFit>> {
    let mut fits = fits(x, y, library)?;
    criterion.sort(&mut fits);
    Ok(fits)
}

/// The fits of all shapes, in the order of the library, and a constant; for samples at one or two values of `x` only a
/// line and a constant.
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
pub fn best(x: &[f64], y: &[f64], library: &Library, criterion: Criterion) -> Result<CurveFit> {
    let mut fits = suggestions(x, y, library, criterion)?;
    Ok(fits.remove(0))
}

/// The least-squares fit of one shape; none if the shape cannot be smooth on the range of `x`.
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
        Shape::Polynomial(degree) => {
            let of = |degree| judge(polynomial(&u, y, degree, Place { middle, half }), x, y);
            return Ok(Some(best_degree(degree, of, constant(y))));
        }
        Shape::Function(Function::Zero) => return Ok(Some(constant(y))),
        Shape::Function(function) => function,
    };
    let Some([a, b, c, d]) = fit_function(Samples { u: &u, y }, function) else {
        return Ok(None);
    };
    let parameters = vec![a / half, b - a * middle / half, c, d];
    let fit = Curve::new(shape, parameters).ok().map(|curve| judge(curve, x, y));
    // Samples far from zero and close together leave no digits to `a x + b`.
    Ok(fit.filter(|fit| fit.r_squared > -1e-6))
}

/// The polynomial of the degree, or of a lower one that fits better: where samples are far from zero and close
/// together, rounding takes the digits of the high powers of `x`.
fn best_degree(degree: u8, of: impl Fn(u8) -> CurveFit, constant: CurveFit) -> CurveFit {
    let lower = (1..degree).rev().map(&of).chain([constant]);
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

/// Rounding error of the sum of squares of a constant.
fn negligible(y: &[f64]) -> f64 {
    1e-24 * y.iter().map(|y| y * y).sum::<f64>()
}

fn judge(curve: Curve, x: &[f64], y: &[f64]) -> CurveFit {
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
