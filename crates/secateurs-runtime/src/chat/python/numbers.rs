//! Python's arithmetic.

use std::cmp::Ordering;

use minijinja::{Error, Value};

use super::values::{Kind, kind, refuse};

/// Largest magnitude of integers that floats hold without rounding.
const EXACT: i128 = 1 << 53;

/// A number; `True` and `False` are 1 and 0.
#[derive(Clone, Copy)]
pub(in crate::chat) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    pub(in crate::chat) fn of(value: &Value) -> Option<Self> {
        match kind(value) {
            Kind::Bool(value) => Some(Self::Int(value.into())),
            Kind::Int(int) => Some(Self::Int(int)),
            Kind::Float(float) => Some(Self::Float(float)),
            _ => None,
        }
    }

    fn float(self) -> Result<f64, Error> {
        match self {
            Self::Float(float) => Ok(float),
            Self::Int(int) if int.abs() <= EXACT => Ok(int as f64),
            Self::Int(int) => Err(refuse(format!("{int} is too large to be used as a float"))),
        }
    }

    /// The order of two numbers; `None` if one is not a number.
    pub(in crate::chat) fn order(self, other: Self) -> Result<Option<Ordering>, Error> {
        Ok(match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            _ => self.float()?.partial_cmp(&other.float()?),
        })
    }

    pub(in crate::chat) fn negate(self) -> Result<Value, Error> {
        match self {
            Self::Int(int) => whole(int.checked_neg()),
            Self::Float(float) => Ok(Value::from(-float)),
        }
    }
}

/// Applies one of `+ - * / // % **` to two numbers.
pub(in crate::chat) fn calculate(a: Number, symbol: &str, b: Number) -> Result<Value, Error> {
    match (symbol, a, b) {
        ("/", _, _) => {
            let (a, b) = (a.float()?, b.float()?);
            if b == 0.0 {
                Err(refuse("division by zero"))
            } else {
                Ok(Value::from(a / b))
            }
        }
        ("**", Number::Int(a), Number::Int(b)) if b >= 0 => whole(u32::try_from(b).ok().and_then(|b| a.checked_pow(b))),
        ("**", _, _) => power(a.float()?, b.float()?),
        (_, Number::Int(a), Number::Int(b)) => whole_numbers(a, symbol, b),
        _ => floats(a.float()?, symbol, b.float()?),
    }
}

fn whole_numbers(a: i128, symbol: &str, b: i128) -> Result<Value, Error> {
    match symbol {
        "+" => whole(a.checked_add(b)),
        "-" => whole(a.checked_sub(b)),
        "*" => whole(a.checked_mul(b)),
        _ if b == 0 => Err(refuse("division by zero")),
        // The quotient is rounded down, so that the remainder has the sign of the divisor.
        "//" => whole(
            a.checked_div_euclid(b)
                .map(|q| if b < 0 && a.rem_euclid(b) != 0 { q - 1 } else { q }),
        ),
        _ => whole(a.checked_rem_euclid(b).map(|r| if b < 0 && r != 0 { r + b } else { r })),
    }
}

fn floats(a: f64, symbol: &str, b: f64) -> Result<Value, Error> {
    let is_division = matches!(symbol, "//" | "%");
    if is_division && b == 0.0 {
        return Err(refuse("division by zero"));
    }
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) {
        remainder += b;
        quotient -= 1.0;
    } else if remainder == 0.0 {
        remainder = remainder.copysign(b);
    }
    Ok(Value::from(match symbol {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "//" => quotient.round(),
        _ => remainder,
    }))
}

fn power(a: f64, b: f64) -> Result<Value, Error> {
    let power = a.powf(b);
    if a == 0.0 && b < 0.0 || a < 0.0 && b.fract() != 0.0 || power.is_infinite() && a.is_finite() && b.is_finite() {
        return Err(refuse("a power that is no float"));
    }
    Ok(Value::from(power))
}

fn whole(number: Option<i128>) -> Result<Value, Error> {
    number
        .map(Value::from)
        .ok_or_else(|| refuse("a number of more than 127 bits"))
}

/// Python's `round` to a whole number or to decimals: ties go to the even neighbour of the stored number.
pub(in crate::chat) fn round(number: f64, decimals: usize) -> f64 {
    format!("{number:.decimals$}").parse().unwrap_or(number)
}
