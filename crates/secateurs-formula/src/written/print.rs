//! Expressions as text, LaTeX and Rust.

use crate::expression::expr::Expr;
use crate::expression::function::{Call, Exponent};
use crate::written::names::{distinct_names, latex_name, text_name};
use crate::written::number::Number;
use crate::written::syntax::Syntax;

/// Strength with which a written expression binds its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Sum,
    Product,
    Power,
    Atom,
}

impl core::fmt::Display for Expr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.written(Syntax::Text, &[]))
    }
}

impl Expr {
    /// The expression in a syntax; variables without a name are `x1`, `x2`, ... (in Rust always `x[0]`, `x[1]`, ...).
    ///
    /// Names are written by [`text_name`] and [`latex_name`], which quote every name that is no identifier; of two
    /// variables with the same name the second has its number in its name.
    pub fn written(&self, syntax: Syntax, names: &[String]) -> String {
        let n_variables = || self.variables().last().map_or(0, |last| last + 1).max(names.len());
        let names = match syntax {
            Syntax::Rust => Vec::new(),
            _ if names.is_empty() => Vec::new(),
            _ => distinct_names(names, n_variables()),
        };
        Writer { syntax, names }.write(self).0
    }
}

struct Writer {
    syntax: Syntax,
    names: Vec<String>,
}

impl Writer {
    fn write(&self, expr: &Expr) -> (String, Binding) {
        match expr {
            Expr::Constant(value) => self.constant(*value),
            Expr::Variable(index) => (self.variable(*index), Binding::Atom),
            Expr::Sum(terms) => (self.sum(terms), Binding::Sum),
            Expr::Product(factors) => self.product(factors),
            Expr::Power(base, exponent) => self.power(base, *exponent),
            Expr::Call(call, argument) => (self.call(*call, argument), Binding::Atom),
        }
    }

    /// Writes an expression, in parentheses if it binds less than `least`.
    fn within(&self, expr: &Expr, least: Binding) -> String {
        match self.write(expr) {
            (text, binding) if binding >= least => text,
            (text, _) => self.parentheses(&text),
        }
    }

    fn parentheses(&self, text: &str) -> String {
        match self.syntax {
            Syntax::Latex => format!("\\left({text}\\right)"),
            _ => format!("({text})"),
        }
    }

    fn constant(&self, value: f64) -> (String, Binding) {
        let Number { text, is_product } = Number::new(value, self.syntax);
        let binding = match is_product {
            _ if value.is_sign_negative() => Binding::Sum,
            true => Binding::Product,
            false => Binding::Atom,
        };
        (text, binding)
    }

    fn variable(&self, index: usize) -> String {
        match (self.syntax, self.names.get(index)) {
            (Syntax::Rust, _) => format!("x[{index}]"),
            (Syntax::Text, Some(name)) => text_name(name),
            (Syntax::Text, None) => format!("x{}", index + 1),
            (Syntax::Latex, Some(name)) => latex_name(name),
            (Syntax::Latex, None) => latex_name(&format!("x{}", index + 1)),
        }
    }

    fn sum(&self, terms: &[Expr]) -> String {
        let mut text = String::new();
        for term in terms {
            let written = self.within(term, Binding::Sum);
            match (text.is_empty(), written.strip_prefix('-')) {
                (true, _) => text = written,
                (false, Some(rest)) => text = format!("{text} - {rest}"),
                (false, None) => text = format!("{text} + {written}"),
            }
        }
        text
    }

    fn product(&self, factors: &[Expr]) -> (String, Binding) {
        let between = match self.syntax {
            Syntax::Text => "*",
            Syntax::Latex => " ",
            Syntax::Rust => " * ",
        };
        let (sign, factors) = match factors {
            [Expr::Constant(value), rest @ ..] if *value == -1.0 && !rest.is_empty() => ("-", rest),
            all => ("", all),
        };
        let mut written = Vec::new();
        for (at, factor) in factors.iter().enumerate() {
            written.push(match factor {
                // A leading minus needs no parentheses.
                Expr::Constant(value) if at == 0 && sign.is_empty() => self.constant(*value).0,
                // One that simplifying left inside has factors that must not meet those outside of it.
                Expr::Product(_) => self.parentheses(&self.write(factor).0),
                factor => self.within(factor, Binding::Product),
            });
        }
        let divides = |text: &String| self.syntax == Syntax::Text && text.starts_with("1/");
        let mut text = sign.to_owned();
        for (at, factor) in written.iter().enumerate() {
            match at {
                0 => text.push_str(factor),
                _ if divides(factor) => text.push_str(&factor[1..]),
                _ => text.extend([between, factor]),
            }
        }
        let binding = if text.starts_with('-') {
            Binding::Sum
        } else {
            Binding::Product
        };
        (text, binding)
    }

    fn power(&self, base: &Expr, exponent: Exponent) -> (String, Binding) {
        let power = exponent.value();
        let root = exponent.halves == 1;
        match self.syntax {
            Syntax::Text if root => (format!("sqrt({})", self.write(base).0), Binding::Atom),
            Syntax::Text if power < 0.0 => {
                let below = exponent.inverse();
                let below = Self::raise(base, below);
                (format!("1/{}", self.within(&below, Binding::Power)), Binding::Product)
            }
            Syntax::Text => (format!("{}^{power}", self.within(base, Binding::Atom)), Binding::Power),
            Syntax::Latex if root => (format!("\\sqrt{{{}}}", self.write(base).0), Binding::Atom),
            Syntax::Latex if power < 0.0 => {
                let below = exponent.inverse();
                let below = self.write(&Self::raise(base, below)).0;
                (format!("\\frac{{1}}{{{below}}}"), Binding::Atom)
            }
            Syntax::Latex => {
                let base = match base {
                    // A name with an index takes its power outside of it.
                    Expr::Call(..) => self.parentheses(&self.write(base).0),
                    base => self.within(base, Binding::Atom),
                };
                (format!("{base}^{{{power}}}"), Binding::Power)
            }
            Syntax::Rust => {
                let atom = || self.within(base, Binding::Atom);
                let text = match (exponent.is_whole(), power > 0.0) {
                    (true, true) => format!("{}.powi({})", atom(), exponent.halves / 2),
                    // The guards of `Exponent::of`. A block in front of an operator needs parentheses where a statement may begin.
                    (true, false) => {
                        let (n, base) = (exponent.halves / 2, self.write(base).0);
                        format!("({{ let u: f64 = {base}; u.abs().max(1e-12).copysign(u).powi({n}) }})")
                    }
                    (false, _) if root => format!("{}.max(0.0).sqrt()", atom()),
                    (false, true) => format!("{}.max(0.0).powf({power:?})", atom()),
                    (false, false) => format!("{}.max(1e-12).powf({power:?})", atom()),
                };
                (text, Binding::Atom)
            }
        }
    }

    fn raise(base: &Expr, exponent: Exponent) -> Expr {
        match exponent.halves {
            2 => base.clone(),
            _ => Expr::Power(Box::new(base.clone()), exponent),
        }
    }

    fn call(&self, call: Call, argument: &Expr) -> String {
        match self.syntax {
            Syntax::Text => format!("{}({})", call.name(), self.write(argument).0),
            Syntax::Latex => {
                let inner = self.write(argument).0;
                match call {
                    Call::Abs => format!("\\left|{inner}\\right|"),
                    Call::Exp => format!("e^{{{inner}}}"),
                    Call::Sign => format!("\\operatorname{{sgn}}{}", self.parentheses(&inner)),
                    Call::Arctanh => format!("\\operatorname{{artanh}}{}", self.parentheses(&inner)),
                    call => format!("\\{}{}", call.name(), self.parentheses(&inner)),
                }
            }
            Syntax::Rust => {
                let inner = match call {
                    // Bound in a block, where nothing follows it.
                    Call::Sign => self.write(argument).0,
                    _ => self.within(argument, Binding::Atom),
                };
                match call {
                    Call::Exp => format!("{inner}.min(700.0).exp()"),
                    Call::Log => format!("{inner}.max(1e-12).ln()"),
                    Call::Abs => format!("{inner}.abs()"),
                    Call::Sign => {
                        format!("({{ let u: f64 = {inner}; if u == 0.0 {{ 0.0 }} else {{ u.signum() }} }})")
                    }
                    Call::Sin | Call::Cos | Call::Tan | Call::Tanh => format!("{inner}.{}()", call.name()),
                    Call::Arcsin => format!("{inner}.clamp(-1.0, 1.0).asin()"),
                    Call::Arccos => format!("{inner}.clamp(-1.0, 1.0).acos()"),
                    Call::Arctan => format!("{inner}.atan()"),
                    Call::Arctanh => format!("{inner}.clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh()"),
                }
            }
        }
    }
}
