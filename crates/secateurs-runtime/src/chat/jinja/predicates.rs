//! Jinja's tests: `value is name`.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::filters;
use crate::chat::python::numbers::Number;
use crate::chat::python::operators::{contains, equal, operate};
use crate::chat::python::text::to_text;
use crate::chat::python::values::{Kind, kind, refuse, type_name};

/// All tests by name.
pub(in crate::chat) const NAMES: [&str; 39] = [
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "callable",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// Whether `value is name(..)`.
pub(in crate::chat) fn holds(name: &str, value: &Value, arguments: &[Value]) -> Result<bool, Error> {
    match arguments {
        [] => of_one(name, value),
        [other] => of_two(name, value, other),
        _ => Err(refuse(format!("the test {name} has too many arguments"))),
    }
}

fn of_one(name: &str, value: &Value) -> Result<bool, Error> {
    let kind_of_value = kind(value);
    Ok(match name {
        "defined" => !value.is_undefined(),
        "undefined" => value.is_undefined(),
        "none" => value.is_none(),
        "boolean" => matches!(kind_of_value, Kind::Bool(_)),
        "true" => matches!(kind_of_value, Kind::Bool(true)),
        "false" => matches!(kind_of_value, Kind::Bool(false)),
        "integer" => matches!(kind_of_value, Kind::Int(_)),
        "float" => matches!(kind_of_value, Kind::Float(_)),
        "number" => Number::of(value).is_some(),
        "string" => matches!(kind_of_value, Kind::Text(_)),
        "mapping" => matches!(kind_of_value, Kind::Dict(_)),
        "callable" => match kind_of_value {
            Kind::Object if value.kind() != ValueKind::Plain => return Err(refuse("callable of this object")),
            Kind::Undefined | Kind::Object => true,
            _ => false,
        },
        "iterable" => match kind_of_value {
            Kind::Object => return Err(refuse("iterable of this object")),
            Kind::None | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => false,
            _ => true,
        },
        "sequence" => match kind_of_value {
            Kind::Object | Kind::Stream(_) => return Err(refuse(format!("sequence of {}", type_name(value)))),
            Kind::None | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => false,
            _ => true,
        },
        "odd" | "even" => match kind_of_value {
            Kind::Bool(is_one) => is_one == (name == "odd"),
            Kind::Int(int) => (int.rem_euclid(2) == 1) == (name == "odd"),
            _ => return Err(refuse(format!("{name} of {}", type_name(value)))),
        },
        "lower" | "upper" => crate::chat::python::words::has_kind(&to_text(value)?, &format!("is{name}"))?,
        "escaped" => value.is_safe(),
        "filter" => {
            let name = value
                .as_str()
                .ok_or_else(|| refuse("a filter has a text as its name"))?;
            known(
                name,
                filters::NAMES.contains(&name) || filters::MORE_NAMES.contains(&name),
            )?
        }
        "test" => {
            let name = value.as_str().ok_or_else(|| refuse("a test has a text as its name"))?;
            known(name, NAMES.contains(&name))?
        }
        _ => return Err(refuse(format!("there is no test {name} without arguments"))),
    })
}

/// Answers only about known names: transformers may have a filter that this list lacks.
fn known(name: &str, is_known: bool) -> Result<bool, Error> {
    if is_known {
        Ok(true)
    } else {
        Err(refuse(format!("{name} is not known here")))
    }
}

fn of_two(name: &str, value: &Value, other: &Value) -> Result<bool, Error> {
    let symbol = match name {
        "==" | "eq" | "equalto" => return equal(value, other),
        "in" => return contains(other, value),
        "!=" | "ne" => "!=",
        "<" | "lt" | "lessthan" => "<",
        "<=" | "le" => "<=",
        ">" | "gt" | "greaterthan" => ">",
        ">=" | "ge" => ">=",
        "divisibleby" => {
            return match (kind(value), kind(other)) {
                (Kind::Int(_), Kind::Int(0)) => Err(refuse("division by zero")),
                (Kind::Int(a), Kind::Int(b)) => Ok(a.rem_euclid(b) == 0),
                _ => Err(refuse("divisibleby takes whole numbers")),
            };
        }
        "sameas" => {
            return match (kind(value), kind(other)) {
                (Kind::None, Kind::None) => Ok(true),
                (Kind::Bool(a), Kind::Bool(b)) => Ok(a == b),
                (Kind::None | Kind::Bool(_), _) | (_, Kind::None | Kind::Bool(_)) => Ok(false),
                _ => Err(refuse("sameas compares where values are in memory")),
            };
        }
        _ => return Err(refuse(format!("there is no test {name} with an argument"))),
    };
    Ok(operate(&[value.clone(), symbol.into(), other.clone()])?.is_true())
}
