//! An expression with the names and ranges of its variables.

use crate::expression::expr::{Expr, Rounding};
use crate::expression::program::Program;
use crate::written::names::{rust_identifier, visible_name};
use crate::written::number::typed;
use crate::written::rounding::{constants, rounded};
use crate::written::syntax::Syntax;
use crate::{FormulaError, Result};

/// An expression that knows the inputs on which it was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The expression.
    pub expr: Expr,
    /// Names of the variables.
    pub names: Vec<String>,
    /// Least and greatest value of each variable in the fitted rows.
    pub ranges: Vec<[f64; 2]>,
}

/// A warning: a value of a variable outside the range on which a formula was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfRange {
    /// The variable.
    pub name: String,
    /// Least and greatest value on which the formula was fitted.
    pub range: [f64; 2],
    /// The value that is furthest from the range.
    pub value: f64,
    /// Number of rows in which the variable is outside.
    pub rows: usize,
}

impl core::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self {
            name,
            range: [low, high],
            value,
            rows,
        } = self;
        let (name, [low, high, value]) = (visible_name(name), [low, high, value].map(|value| typed(*value)));
        write!(
            f,
            "{name} is outside of [{low}, {high}], where the formula was fitted, in {rows} rows, as far as {value}"
        )
    }
}

impl Formula {
    /// A formula of named variables, fitted on rows, `[n_rows, n_variables]` row-major.
    ///
    /// # Errors
    ///
    /// If there are no whole rows, or a value or a constant of the expression is NaN or infinite.
    pub fn new(expr: Expr, names: Vec<String>, fitted_on: &[f64]) -> Result<Self> {
        let d_input = names.len();
        if d_input == 0 || fitted_on.is_empty() || !fitted_on.len().is_multiple_of(d_input) {
            return Err(FormulaError::Length {
                what: "rows that a formula was fitted on",
                expected: d_input * fitted_on.len().div_ceil(d_input.max(1)).max(1),
                got: fitted_on.len(),
            });
        }
        crate::curve::check_finite("variables", fitted_on)?;
        if let Some(value) = constants(&expr).into_iter().find(|value| !value.is_finite()) {
            return Err(FormulaError::Constant { value });
        }
        let range = |column: usize| {
            let values = fitted_on.iter().skip(column).step_by(d_input);
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], value| {
                [low.min(*value), high.max(*value)]
            })
        };
        Ok(Self {
            expr,
            ranges: (0..d_input).map(range).collect(),
            names,
        })
    }

    /// Values at rows, row-major, and a warning for each variable of the expression that leaves its range.
    ///
    /// # Errors
    ///
    /// If there are no whole rows, or a value is NaN or infinite.
    pub fn evaluate(&self, x: &[f64]) -> Result<(Vec<f64>, Vec<OutOfRange>)> {
        let d_input = self.names.len();
        if !x.len().is_multiple_of(d_input) {
            return Err(FormulaError::Length {
                what: "rows",
                expected: x.len().next_multiple_of(d_input),
                got: x.len(),
            });
        }
        crate::curve::check_finite("rows", x)?;
        let warnings = self
            .expr
            .variables()
            .into_iter()
            .filter_map(|column| self.outside(x, column));
        Ok((Program::new(&self.expr).at(x, d_input), warnings.collect()))
    }

    /// Rows, row-major, with each variable moved into its range.
    pub fn clamped(&self, x: &[f64]) -> Vec<f64> {
        let d_input = self.names.len().max(1);
        let clamp = |(at, value): (usize, &f64)| match self.ranges.get(at % d_input) {
            Some([low, high]) => value.clamp(*low, *high),
            None => *value,
        };
        x.iter().enumerate().map(clamp).collect()
    }

    fn outside(&self, x: &[f64], column: usize) -> Option<OutOfRange> {
        let range @ [low, high] = *self.ranges.get(column)?;
        let distance = |value: f64| (low - value).max(value - high);
        let values = x.iter().skip(column).step_by(self.names.len());
        let outside: Vec<f64> = values.copied().filter(|value| distance(*value) > 0.0).collect();
        let value = outside
            .iter()
            .copied()
            .max_by(|a, b| distance(*a).total_cmp(&distance(*b)))?;
        Some(OutOfRange {
            name: self.names[column].clone(),
            range,
            value,
            rows: outside.len(),
        })
    }

    /// Rounds the constants, so that values on the ranges change by little.
    ///
    /// With `n` digits a value `f` changes by at most `10^(1-n)`, and by at most one half, of the greater of `|f|` and
    /// a unit: 1 for decimals, the difference between the greatest and the least value for significant digits.
    /// Constants get more digits until this holds on the corners of the ranges and on 384 rows between them, where it
    /// is held to one half of the bound; those first that change values most. A pole that is provably outside of the
    /// ranges stays there. Next to a jump of `sgn`, values between its old and its new place come from the other side.
    ///
    /// Constants of a million and more are rounded to `n + 3` significant digits by [`Rounding::Decimals`].
    ///
    /// # Examples
    ///
    /// ```
    /// use secateurs_formula::{Exponent, Expr, Formula, Rounding};
    ///
    /// // Without its fourth decimal, the pole would be at the edge of the range.
    /// let inverse = Expr::power(Expr::Variable(0).plus(1.0004), Exponent::whole(-1)).times(2.12345);
    /// let formula = Formula::new(inverse, vec!["t".into()], &[-1.0, 1.0])?;
    /// assert_eq!(formula.rounded(Rounding::Decimals(2)).to_string(), "2.12/(t + 1.0004)");
    /// # Ok::<(), secateurs_formula::FormulaError>(())
    /// ```
    #[must_use]
    pub fn rounded(&self, rounding: Rounding) -> Self {
        self.with(rounded(&self.expr, &self.ranges, rounding))
    }

    /// The partial derivative with respect to a variable.
    #[must_use]
    pub fn derivative(&self, variable: usize) -> Self {
        self.with(self.expr.derivative(variable))
    }

    /// A formula with another expression of the same variables.
    #[must_use]
    pub fn with(&self, expr: Expr) -> Self {
        Self { expr, ..self.clone() }
    }

    /// The expression in a syntax.
    pub fn written(&self, syntax: Syntax) -> String {
        self.expr.written(syntax, &self.names)
    }

    /// A Rust function of one row, whose documentation holds the names and ranges, one per line.
    ///
    /// What is no identifier in its name is changed by [`rust_identifier`].
    pub fn rust_function(&self, name: &str) -> String {
        let mut source = String::new();
        for column in self.expr.variables() {
            if let (Some(variable), Some([low, high])) = (self.names.get(column), self.ranges.get(column)) {
                let (variable, low, high) = (visible_name(variable), typed(*low), typed(*high));
                source.push_str(&format!("/// `x[{column}]`: {variable}, fitted on [{low}, {high}].\n"));
            }
        }
        let (name, body) = (rust_identifier(name), self.written(Syntax::Rust));
        source.push_str(&format!("pub fn {name}(x: &[f64]) -> f64 {{\n    {body}\n}}\n"));
        source
    }
}

impl core::fmt::Display for Formula {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.written(Syntax::Text))
    }
}
