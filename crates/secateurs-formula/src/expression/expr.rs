//! Expressions: real functions of several variables as trees.

use crate::expression::function::{Call, Exponent, Function};

/// A real function of several variables.
///
/// The functions [`sum`](Self::sum), [`product`](Self::product), [`power`](Self::power) and [`call`](Self::call) make
/// simplified expressions of simplified ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A number.
    Constant(f64),
    /// A variable, by its number.
    Variable(usize),
    /// A sum.
    Sum(Vec<Expr>),
    /// A product.
    Product(Vec<Expr>),
    /// A power.
    Power(Box<Expr>, Exponent),
    /// A function's value.
    Call(Call, Box<Expr>),
}

/// The rule that rounds constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// A number of decimals; small factors become 0.
    Decimals(u8),
    /// A number of significant digits.
    Significant(u8),
}

impl Rounding {
    /// The nearest number that the rule allows.
    pub fn of(self, value: f64) -> f64 {
        if value == 0.0 || !value.is_finite() {
            return value;
        }
        // Through text: a division by a power of ten would leave 0.30000000000000004.
        let text = match self {
            Self::Decimals(decimals) => format!("{value:.*}", usize::from(decimals)),
            Self::Significant(digits) => format!("{value:.*e}", usize::from(digits.max(1)) - 1),
        };
        // Above the largest number there is none to round to; and -0 is 0.
        let near: f64 = text.parse().unwrap_or(value);
        if near.is_finite() { near + 0.0 } else { value }
    }
}

impl Expr {
    /// Applies a function: `f(argument)`.
    pub fn apply(function: Function, argument: Self) -> Self {
        match function {
            Function::Zero => Self::Constant(0.0),
            Function::Identity => argument,
            Function::Power(exponent) => Self::power(argument, exponent),
            Function::Call(call) => Self::call(call, argument),
            Function::Gaussian => {
                let square = Self::power(argument, Exponent::whole(2));
                Self::call(Call::Exp, square.times(-1.0))
            }
        }
    }

    /// Multiplies by a number: `factor * self`.
    pub fn times(self, factor: f64) -> Self {
        Self::product(vec![Self::Constant(factor), self])
    }

    /// Adds a number: `self + constant`.
    pub fn plus(self, constant: f64) -> Self {
        Self::sum(vec![self, Self::Constant(constant)])
    }

    /// Subtracts an expression: `self - other`.
    pub fn minus(self, other: Self) -> Self {
        Self::sum(vec![self, other.times(-1.0)])
    }

    /// The value at a point; variables beyond its end are 0.
    pub fn at(&self, x: &[f64]) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Variable(index) => x.get(*index).copied().unwrap_or(0.0),
            Self::Sum(terms) => terms.iter().map(|term| term.at(x)).sum(),
            Self::Product(factors) => factors.iter().map(|factor| factor.at(x)).product(),
            Self::Power(base, exponent) => exponent.of(base.at(x)),
            Self::Call(call, argument) => call.of(argument.at(x)),
        }
    }

    /// Complexity for a reader: the number of constants, variables and operations.
    pub fn size(&self) -> usize {
        1 + match self {
            Self::Constant(_) | Self::Variable(_) => 0,
            Self::Sum(parts) | Self::Product(parts) => parts.iter().map(Self::size).sum(),
            Self::Power(inner, _) | Self::Call(_, inner) => inner.size(),
        }
    }

    /// The variables in the expression, each once, in order.
    pub fn variables(&self) -> Vec<usize> {
        let mut all = Vec::new();
        self.add_variables(&mut all);
        all.sort_unstable();
        all.dedup();
        all
    }

    fn add_variables(&self, all: &mut Vec<usize>) {
        match self {
            Self::Constant(_) => {}
            Self::Variable(index) => all.push(*index),
            Self::Sum(parts) | Self::Product(parts) => parts.iter().for_each(|part| part.add_variables(all)),
            Self::Power(inner, _) | Self::Call(_, inner) => inner.add_variables(all),
        }
    }

    /// Rounds all constants and simplifies the result.
    ///
    /// Knows nothing of the values of variables, so that a small factor of a large variable may become 0 and a pole may move:
    /// [`Formula::rounded`](crate::Formula::rounded) looks at its ranges.
    #[must_use]
    pub fn rounded(&self, rounding: Rounding) -> Self {
        let round = |leaf| match leaf {
            Self::Constant(value) => Self::Constant(rounding.of(value)),
            other => other,
        };
        // Simplifying makes new constants of rounded ones.
        self.rebuild(&round).rebuild(&round)
    }

    /// Replaces variables by expressions; a variable beyond the end of `values` stays.
    #[must_use]
    pub fn substituted(&self, values: &[Self]) -> Self {
        self.rebuild(&|leaf| match leaf {
            Self::Variable(index) => values.get(index).cloned().unwrap_or(Self::Variable(index)),
            other => other,
        })
    }

    /// The terms of a sum; any other expression is its own only term.
    pub fn terms(&self) -> &[Self] {
        match self {
            Self::Sum(terms) => terms,
            other => core::slice::from_ref(other),
        }
    }

    fn rebuild(&self, leaf: &dyn Fn(Self) -> Self) -> Self {
        match self {
            Self::Constant(_) | Self::Variable(_) => leaf(self.clone()),
            Self::Sum(terms) => Self::sum(terms.iter().map(|term| term.rebuild(leaf)).collect()),
            Self::Product(factors) => Self::product(factors.iter().map(|factor| factor.rebuild(leaf)).collect()),
            Self::Power(base, exponent) => Self::power(base.rebuild(leaf), *exponent),
            Self::Call(call, argument) => Self::call(*call, argument.rebuild(leaf)),
        }
    }
}
