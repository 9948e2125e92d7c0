//! Curves of one variable with a few parameters.

use serde::{Deserialize, Serialize};

use crate::expression::expr::Expr;
use crate::expression::function::{Exponent, Function};
use crate::{FormulaError, Result};

/// The highest degree of a polynomial.
pub const MOST_DEGREE: u8 = 20;

/// The kind of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A function between two lines, `c f(a x + b) + d`, with parameters `a, b, c, d`.
    Function(Function),
    /// A polynomial `p_0 + p_1 x + .. + p_n x^n` with parameters `p_0, .., p_n`.
    Polynomial(u8),
}

impl Shape {
    /// Number of parameters.
    pub fn n_parameters(self) -> usize {
        match self {
            Self::Function(_) => 4,
            Self::Polynomial(degree) => usize::from(degree) + 1,
        }
    }

    /// Complexity for a reader: the function's own, or a polynomial's degree and one more for each power beyond the
    /// first.
    pub fn complexity(self) -> usize {
        match self {
            Self::Function(function) => function.complexity(),
            Self::Polynomial(degree) => (2 * usize::from(degree)).saturating_sub(1),
        }
    }
}

impl core::fmt::Display for Shape {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Function(function) => function.fmt(f),
            Self::Polynomial(degree) => write!(f, "polynomial of degree {degree}"),
        }
    }
}

/// A curve: a shape and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    shape: Shape,
    parameters: Vec<f64>,
}

impl Curve {
    /// A curve of this shape with these parameters.
    ///
    /// # Errors
    ///
    /// If the number of parameters does not fit the shape, one is NaN or infinite, or a polynomial has a degree above
    /// [`MOST_DEGREE`].
    pub fn new(shape: Shape, parameters: Vec<f64>) -> Result<Self> {
        if let Shape::Polynomial(degree) = shape
            && degree > MOST_DEGREE
        {
            return Err(FormulaError::Degree {
                most: MOST_DEGREE,
                got: degree,
            });
        }
        if parameters.len() != shape.n_parameters() {
            return Err(FormulaError::Length {
                what: "parameters of a curve",
                expected: shape.n_parameters(),
                got: parameters.len(),
            });
        }
        check_finite("parameters", &parameters)?;
        Ok(Self { shape, parameters })
    }

    /// A constant function.
    pub fn constant(value: f64) -> Self {
        Self {
            shape: Shape::Polynomial(0),
            parameters: vec![value],
        }
    }

    /// Kind of the curve.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Parameters of the curve, in the order of [`Shape`].
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        match (self.shape, self.parameters.as_slice()) {
            (Shape::Function(function), &[a, b, c, d]) => c * function.of(a * x + b) + d,
            (_, coefficients) => coefficients.iter().rev().fold(0.0, |sum, p| sum * x + p),
        }
    }

    /// Whether the curve is smooth on all of an interval; see [`Function::covers`].
    pub fn covers(&self, [low, high]: [f64; 2]) -> bool {
        match (self.shape, self.parameters.as_slice()) {
            (Shape::Function(function), &[a, b, ..]) => {
                let ends = [a * low + b, a * high + b];
                function.covers([ends[0].min(ends[1]), ends[0].max(ends[1])])
            }
            _ => true,
        }
    }

    /// The curve of an expression.
    pub fn of(&self, x: &Expr) -> Expr {
        match (self.shape, self.parameters.as_slice()) {
            (Shape::Function(function), &[a, b, c, d]) => {
                Expr::apply(function, x.clone().times(a).plus(b)).times(c).plus(d)
            }
            (_, coefficients) => {
                let power = |power: usize| match power {
                    0 => Expr::Constant(1.0),
                    power => Expr::power(x.clone(), Exponent::whole(power as i8)),
                };
                let terms = coefficients.iter().enumerate();
                Expr::sum(terms.map(|(n, p)| power(n).times(*p)).collect())
            }
        }
    }
}

/// A curve with its quality on the samples that it was fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveFit {
    /// The curve.
    pub curve: Curve,
    /// Share of the variance that it explains, `1 - RSS / TSS`; 1 for constant samples that it reproduces.
    pub r_squared: f64,
}

pub(crate) fn check_finite(what: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(index) => Err(FormulaError::NotFinite {
            what,
            index,
            value: values[index],
        }),
    }
}
