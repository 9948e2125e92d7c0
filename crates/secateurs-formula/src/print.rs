//! Expressions as text, LaTeX and Rust.

use crate::expr::Expr;
use crate::function::{Call, Exponent};

/// How an expression is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// As one types it: `2*sin(3.14*x1) + x2^2`.
    Text,
    /// For a paper: `2 \sin\left(3.14 x_1\right) + x_2^{2}`.
    Latex,
    /// A Rust expression of `x: &[f64]`: `2.0 * (3.14 * x[0]).sin() + x[1].powi(2)`.
    Rust,
}

/// How tightly what is written binds.
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
    /// In LaTeX, names that are not of the form letters-then-digits are set upright as they are.
    pub fn written(&self, syntax: Syntax, names: &[String]) -> String {
        Writer { syntax, names }.write(self).0
    }
}

struct Writer<'a> {
    syntax: Syntax,
    names: &'a [String],
}

impl Writer<'_> {
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

    /// In parentheses if it binds less than that.
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
        let size = value.abs();
        let plain = value == 0.0 || (1e-4..1e9).contains(&size);
        let text = match self.syntax {
            Syntax::Rust => format!("{value:?}_f64"),
            _ if plain => format!("{value}"),
            Syntax::Text => format!("{value:e}"),
            Syntax::Latex => {
                let text = format!("{value:e}");
                let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
                format!("{mantissa} \\cdot 10^{{{power}}}")
            }
        };
        let binding = match self.syntax {
            _ if value < 0.0 => Binding::Sum,
            Syntax::Latex if !plain => Binding::Product,
            _ => Binding::Atom,
        };
        (text, binding)
    }

    fn variable(&self, index: usize) -> String {
        let default = || format!("x{}", index + 1);
        let name = self.names.get(index).cloned().unwrap_or_else(default);
        match self.syntax {
            Syntax::Text => name,
            Syntax::Rust => format!("x[{index}]"),
            Syntax::Latex => {
                let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
                let digits = &name[letters.len()..];
                match (letters.chars().count(), digits) {
                    (1, "") => name,
                    (1, digits) => format!("{letters}_{{{digits}}}"),
                    _ => format!("\\mathrm{{{}}}", name.replace('_', "\\_")),
                }
            }
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
                let below = Self::raised(base, below);
                (format!("1/{}", self.within(&below, Binding::Power)), Binding::Product)
            }
            Syntax::Text => (format!("{}^{power}", self.within(base, Binding::Atom)), Binding::Power),
            Syntax::Latex if root => (format!("\\sqrt{{{}}}", self.write(base).0), Binding::Atom),
            Syntax::Latex if power < 0.0 => {
                let below = exponent.inverse();
                let below = self.write(&Self::raised(base, below)).0;
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

    fn raised(base: &Expr, exponent: Exponent) -> Expr {
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
