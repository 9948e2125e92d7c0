//! Functions of one variable that a formula may use.

use serde::{Deserialize, Serialize};

use crate::FormulaError;

/// Least magnitude of the base of a negative power and of the argument of a logarithm: smaller ones are clamped.
const LEAST: f64 = 1e-12;
/// Largest exponent of an exponential; larger ones are clamped.
const LARGEST_POWER: f64 = 700.0;

/// A power that is a multiple of one half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Exponent {
    /// Twice the exponent.
    pub halves: i8,
}

impl Exponent {
    /// A whole power.
    ///
    /// Beyond 63 it is 63, below -63 it is -63.
    pub const fn whole(power: i8) -> Self {
        let power = match power {
            64.. => 63,
            ..-63 => -63,
            power => power,
        };
        Self { halves: 2 * power }
    }

    /// The power below the bar of a fraction.
    pub(crate) const fn inverse(self) -> Self {
        Self {
            halves: self.halves.saturating_neg(),
        }
    }

    /// The power of the derivative.
    pub(crate) const fn less_one(self) -> Self {
        Self {
            halves: self.halves.saturating_sub(2),
        }
    }

    /// Whether the exponent is whole.
    pub fn is_whole(self) -> bool {
        self.halves % 2 == 0
    }

    /// The exponent.
    pub fn value(self) -> f64 {
        f64::from(self.halves) / 2.0
    }

    /// Raises `u` to this power.
    ///
    /// Roots of negative numbers are 0, and a base nearer to 0 than 1e-12 counts as 1e-12 below a bar of fraction.
    pub fn of(self, u: f64) -> f64 {
        let u = if self.is_whole() { u } else { u.max(0.0) };
        let u = if self.halves < 0 && u.abs() < LEAST {
            LEAST.copysign(u)
        } else {
            u
        };
        match (self.is_whole(), self.halves) {
            (true, halves) => u.powi(i32::from(halves / 2)),
            (false, 1) => u.sqrt(),
            (false, halves) => u.powf(f64::from(halves) / 2.0),
        }
    }
}

/// A function with a name in mathematics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// The exponential `e^u`.
    Exp,
    /// The natural logarithm.
    Log,
    /// The absolute value `|u|`.
    Abs,
    /// The sign: -1, 0 or 1.
    Sign,
    /// Sine
    Sin,
    /// Cosine
    Cos,
    /// Tangent
    Tan,
    /// Hyperbolic tangent
    Tanh,
    /// Inverse of the sine
    Arcsin,
    /// Inverse of the cosine
    Arccos,
    /// Inverse of the tangent
    Arctan,
    /// Inverse of the hyperbolic tangent
    Arctanh,
}

impl Call {
    /// All named functions.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().filter_map(|(function, ..)| match function {
            Function::Call(call) => Some(*call),
            _ => None,
        })
    }

    /// The value at `u`; outside the domain, the value at the nearest point of the domain.
    pub fn of(self, u: f64) -> f64 {
        match self {
            Self::Exp => u.min(LARGEST_POWER).exp(),
            Self::Log => u.max(LEAST).ln(),
            Self::Abs => u.abs(),
            Self::Sign if u == 0.0 => 0.0,
            Self::Sign => u.signum(),
            Self::Sin => u.sin(),
            Self::Cos => u.cos(),
            Self::Tan => u.tan(),
            Self::Tanh => u.tanh(),
            Self::Arcsin => u.clamp(-1.0, 1.0).asin(),
            Self::Arccos => u.clamp(-1.0, 1.0).acos(),
            Self::Arctan => u.atan(),
            Self::Arctanh => u.clamp(-1.0 + LEAST, 1.0 - LEAST).atanh(),
        }
    }

    /// The derivative at `u`, inside the domain.
    pub fn slope(self, u: f64) -> f64 {
        let root = |u: f64| (1.0 - u * u).max(LEAST).sqrt();
        match self {
            Self::Exp => self.of(u),
            Self::Log => 1.0 / u.max(LEAST),
            Self::Abs => Self::Sign.of(u),
            Self::Sign => 0.0,
            Self::Sin => u.cos(),
            Self::Cos => -u.sin(),
            Self::Tan => 1.0 + u.tan().powi(2),
            Self::Tanh => 1.0 - u.tanh().powi(2),
            Self::Arcsin => 1.0 / root(u),
            Self::Arccos => -1.0 / root(u),
            Self::Arctan => 1.0 / (1.0 + u * u),
            Self::Arctanh => 1.0 / (1.0 - u * u).max(LEAST),
        }
    }

    /// Name of the function in text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Abs => "abs",
            Self::Sign => "sgn",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Tanh => "tanh",
            Self::Arcsin => "arcsin",
            Self::Arccos => "arccos",
            Self::Arctan => "arctan",
            Self::Arctanh => "arctanh",
        }
    }
}

/// A function that an edge may become, in the form `c f(a x + b) + d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Function {
    /// A constant.
    Zero,
    /// The identity `u`.
    Identity,
    /// A power other than 0 and 1.
    Power(Exponent),
    /// A function with a name.
    Call(Call),
    /// The Gaussian bell `exp(-u^2)`.
    Gaussian,
}

const fn halves(halves: i8) -> Function {
    Function::Power(Exponent { halves })
}

/// Every function, its name and its complexity as in pykan.
const TABLE: [(Function, &str, usize); 27] = [
    (Function::Zero, "0", 0),
    (Function::Identity, "x", 1),
    (halves(4), "x^2", 2),
    (halves(6), "x^3", 3),
    (halves(8), "x^4", 3),
    (halves(10), "x^5", 3),
    (halves(-2), "1/x", 2),
    (halves(-4), "1/x^2", 2),
    (halves(-6), "1/x^3", 3),
    (halves(-8), "1/x^4", 4),
    (halves(-10), "1/x^5", 5),
    (halves(1), "sqrt", 2),
    (halves(-1), "1/sqrt(x)", 2),
    (halves(3), "x^1.5", 4),
    (Function::Call(Call::Exp), "exp", 2),
    (Function::Call(Call::Log), "log", 2),
    (Function::Call(Call::Sin), "sin", 2),
    (Function::Call(Call::Cos), "cos", 2),
    (Function::Call(Call::Abs), "abs", 3),
    (Function::Call(Call::Tan), "tan", 3),
    (Function::Call(Call::Tanh), "tanh", 3),
    (Function::Call(Call::Sign), "sgn", 3),
    (Function::Gaussian, "gaussian", 3),
    (Function::Call(Call::Arcsin), "arcsin", 4),
    (Function::Call(Call::Arccos), "arccos", 4),
    (Function::Call(Call::Arctan), "arctan", 4),
    (Function::Call(Call::Arctanh), "arctanh", 4),
];

impl Function {
    /// All functions, the simple ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(function, ..)| *function)
    }

    /// Name of the function, as [`FromStr`](core::str::FromStr) reads it.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// Complexity for a reader, from 0 to 5.
    pub fn complexity(self) -> usize {
        self.entry().2
    }

    fn entry(self) -> (Self, &'static str, usize) {
        *TABLE
            .iter()
            .find(|(function, ..)| *function == self)
            .unwrap_or(&(self, "power", 4))
    }

    /// The value at `u`; outside the domain, the value at the nearest point of the domain.
    pub fn of(self, u: f64) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::Identity => u,
            Self::Power(exponent) => exponent.of(u),
            Self::Call(call) => call.of(u),
            Self::Gaussian => (-u * u).exp(),
        }
    }

    /// The derivative at `u`, inside the domain.
    pub fn slope(self, u: f64) -> f64 {
        match self {
            Self::Zero => 0.0,
            Self::Identity => 1.0,
            Self::Power(exponent) => exponent.value() * exponent.less_one().of(u),
            Self::Call(call) => call.slope(u),
            Self::Gaussian => -2.0 * u * (-u * u).exp(),
        }
    }

    /// Whether values grow without bound at an end of the domain, or inside it.
    pub(crate) fn has_pole(self) -> bool {
        match self {
            Self::Power(exponent) => exponent.halves < 0,
            Self::Call(call) => matches!(call, Call::Log | Call::Tan | Call::Arctanh),
            _ => false,
        }
    }

    /// Whether the function is smooth on all of an interval.
    pub fn covers(self, [low, high]: [f64; 2]) -> bool {
        let no_zero = low * high > 0.0;
        match self {
            Self::Power(exponent) if !exponent.is_whole() => low > 0.0 || (exponent.halves > 0 && low == 0.0),
            Self::Power(exponent) => exponent.halves > 0 || no_zero,
            Self::Call(Call::Log) => low > 0.0,
            Self::Call(Call::Exp) => high < LARGEST_POWER,
            Self::Call(Call::Arcsin | Call::Arccos) => low >= -1.0 && high <= 1.0,
            Self::Call(Call::Arctanh) => low > -1.0 && high < 1.0,
            Self::Call(Call::Tan) => {
                let period = |u: f64| (u / std::f64::consts::PI + 0.5).floor();
                period(low) == period(high)
            }
            _ => true,
        }
    }
}

impl core::fmt::Display for Function {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

impl core::str::FromStr for Function {
    type Err = FormulaError;

    fn from_str(name: &str) -> Result<Self, FormulaError> {
        let found = TABLE.iter().find(|(_, known, _)| *known == name);
        found.map(|(function, ..)| *function).ok_or_else(|| {
            let known: Vec<&str> = TABLE.iter().map(|(_, name, _)| *name).collect();
            FormulaError::UnknownFunction {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

impl TryFrom<String> for Function {
    type Error = FormulaError;

    fn try_from(name: String) -> Result<Self, FormulaError> {
        name.parse()
    }
}

impl From<Function> for String {
    fn from(function: Function) -> Self {
        function.name().to_owned()
    }
}
