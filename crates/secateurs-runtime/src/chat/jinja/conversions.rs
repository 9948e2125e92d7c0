//! Filters of numbers.

use minijinja::{Error, Value};

use crate::chat::python::arguments::Arguments;
use crate::chat::python::numbers::{Number, round};
use crate::chat::python::values::{Kind, kind, refuse, type_name};

/// The filters `abs`, `round`, `int` and `float`.
pub(in crate::chat) fn of_number(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    match name {
        "abs" => {
            arguments.none()?;
            match Number::of(value) {
                Some(Number::Int(int)) => Ok(Value::from(int.abs())),
                Some(Number::Float(float)) => Ok(Value::from(float.abs())),
                None => Err(refuse(format!("abs of {}", type_name(value)))),
            }
        }
        "round" => {
            let [precision, method] = arguments.bind(["precision", "method"])?;
            let precision = precision.map_or(Some(0), |precision| usize::try_from(precision).ok());
            let is_common = method.is_none_or(|method| method.as_str() == Some("common"));
            match (Number::of(value), precision.filter(|decimals| *decimals <= 15)) {
                (Some(Number::Int(int)), Some(_)) if is_common => Ok(Value::from(int)),
                (Some(Number::Float(float)), Some(decimals)) if is_common => Ok(Value::from(round(float, decimals))),
                _ => Err(refuse("round of this value, or in this way, is not supported")),
            }
        }
        "int" => {
            let [default, base] = arguments.bind(["default", "base"])?;
            if base.is_some_and(|base| base.as_i64() != Some(10)) {
                return Err(refuse("int with another base than 10 is not supported"));
            }
            to_int(value, default)
        }
        _ => {
            let [default] = arguments.bind(["default"])?;
            to_float(value, default)
        }
    }
}

fn to_int(value: &Value, default: Option<Value>) -> Result<Value, Error> {
    let default = || Ok(default.unwrap_or_else(|| 0.into()));
    match kind(value) {
        Kind::Bool(value) => Ok(i64::from(value).into()),
        Kind::Int(_) => Ok(value.clone()),
        Kind::Float(float) if float.abs() < 9e15 => Ok((float.trunc() as i64).into()),
        Kind::Float(_) => Err(refuse("int of a float that is too large")),
        Kind::Text(text) if !text.is_ascii() || text.contains('_') => {
            Err(refuse("int of a text that is no plain number"))
        }
        Kind::Text(text) => match text.trim().parse::<i128>() {
            Ok(int) => Ok(Value::from(int)),
            Err(_) => match float_of(text)? {
                Some(float) if float.abs() < 9e15 => Ok((float.trunc() as i64).into()),
                Some(_) => Err(refuse("int of a text that is no plain number")),
                None => default(),
            },
        },
        Kind::Undefined | Kind::Object | Kind::Stream(_) => Err(refuse(format!("int of {}", type_name(value)))),
        _ => default(),
    }
}

fn to_float(value: &Value, default: Option<Value>) -> Result<Value, Error> {
    let default = || Ok(default.unwrap_or_else(|| Value::from(0.0)));
    match kind(value) {
        Kind::Bool(value) => Ok(Value::from(f64::from(u8::from(value)))),
        Kind::Int(int) if int.abs() < 1 << 53 => Ok(Value::from(int as f64)),
        Kind::Float(_) => Ok(value.clone()),
        Kind::Text(text) => float_of(text)?.map_or_else(default, |float| Ok(Value::from(float))),
        Kind::Undefined | Kind::Int(_) | Kind::Object | Kind::Stream(_) => {
            Err(refuse(format!("float of {} is not supported", type_name(value))))
        }
        _ => default(),
    }
}

/// The number that Python's `float` reads; forms that Rust reads differently are refused.
fn float_of(text: &str) -> Result<Option<f64>, Error> {
    if !text.is_ascii() || text.contains('_') {
        return Err(refuse("float of a text that is no plain number"));
    }
    Ok(text.trim().parse().ok())
}
