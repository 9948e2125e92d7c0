//! Derivatives.

use crate::expression::expr::Expr;
use crate::expression::function::{Call, Exponent};

impl Expr {
    /// The partial derivative with respect to a variable.
    ///
    /// The derivative of `sgn` is 0 and the one of `abs` is `sgn`, also at 0. It holds inside the domains of all
    /// functions: outside, where values are those at the edge, it does not become 0.
    #[must_use]
    pub fn derivative(&self, variable: usize) -> Self {
        match self {
            Self::Constant(_) => Self::Constant(0.0),
            Self::Variable(index) => Self::Constant(f64::from(u8::from(*index == variable))),
            Self::Sum(terms) => Self::sum(terms.iter().map(|term| term.derivative(variable)).collect()),
            Self::Product(factors) => Self::sum(
                (0..factors.len())
                    .map(|at| {
                        let mut factors = factors.clone();
                        factors[at] = factors[at].derivative(variable);
                        Self::product(factors)
                    })
                    .collect(),
            ),
            Self::Power(base, exponent) => {
                let lower = exponent.less_one();
                let outer = match lower.halves {
                    0 => Self::Constant(1.0),
                    _ => Self::power((**base).clone(), lower),
                };
                let factor = Self::Constant(exponent.value());
                Self::product(vec![factor, outer, base.derivative(variable)])
            }
            Self::Call(call, argument) => Self::product(vec![outer(*call, argument), argument.derivative(variable)]),
        }
    }
}

/// The derivative of a function at an expression.
fn outer(call: Call, u: &Expr) -> Expr {
    let u = u.clone();
    let square = |u: Expr| Expr::power(u, Exponent::whole(2));
    let inverse = |u: Expr| Expr::power(u, Exponent::whole(-1));
    let one_minus_square = |u: Expr| square(u).times(-1.0).plus(1.0);
    let inverse_root = |u: Expr| Expr::power(u, Exponent { halves: -1 });
    match call {
        Call::Exp => Expr::call(Call::Exp, u),
        Call::Log => inverse(u),
        Call::Abs => Expr::call(Call::Sign, u),
        Call::Sign => Expr::Constant(0.0),
        Call::Sin => Expr::call(Call::Cos, u),
        Call::Cos => Expr::call(Call::Sin, u).times(-1.0),
        Call::Tan => square(Expr::call(Call::Tan, u)).plus(1.0),
        Call::Tanh => one_minus_square(Expr::call(Call::Tanh, u)),
        Call::Arcsin => inverse_root(one_minus_square(u)),
        Call::Arccos => inverse_root(one_minus_square(u)).times(-1.0),
        Call::Arctan => inverse(square(u).plus(1.0)),
        Call::Arctanh => inverse(one_minus_square(u)),
    }
}
