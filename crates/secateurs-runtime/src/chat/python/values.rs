//! Values of a template as Python sees them.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, ErrorKind, Value};

use super::dict::Dict;
use super::iterators::Stream;

/// A value by its Python type.
pub(in crate::chat) enum Kind<'a> {
    Undefined,
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(&'a str),
    List,
    Tuple,
    Dict(&'a Dict),
    /// An iterator, as `map`, `dict.items` and the like return.
    Stream(&'a Stream),
    /// Loops, namespaces, macros and functions.
    Object,
}

/// An error with the reason why a template fails.
pub(in crate::chat) fn refuse(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, reason.into())
}

pub(in crate::chat) fn kind(value: &Value) -> Kind<'_> {
    match value.kind() {
        ValueKind::Undefined => Kind::Undefined,
        ValueKind::None => Kind::None,
        ValueKind::Bool => Kind::Bool(value.is_true()),
        ValueKind::Number => number(value),
        ValueKind::String => value.as_str().map_or(Kind::Object, Kind::Text),
        ValueKind::Seq if value.is_tuple() => Kind::Tuple,
        ValueKind::Seq => Kind::List,
        // Namespaces and loops enumerate their fields as well, but are no dicts.
        ValueKind::Map => value.downcast_object_ref::<Dict>().map_or(Kind::Object, Kind::Dict),
        _ => value.downcast_object_ref::<Stream>().map_or(Kind::Object, Kind::Stream),
    }
}

fn number(value: &Value) -> Kind<'_> {
    let int = value.is_integer().then(|| i128::try_from(value.clone()).ok()).flatten();
    let float = || f64::try_from(value.clone()).ok();
    match int {
        Some(int) => Kind::Int(int),
        None if value.is_integer() => Kind::Object,
        None => float().map_or(Kind::Object, Kind::Float),
    }
}

/// The name of a value's type in error messages.
pub(in crate::chat) fn type_name(value: &Value) -> &'static str {
    match kind(value) {
        Kind::Undefined => "an undefined value",
        Kind::None => "None",
        Kind::Bool(_) => "a bool",
        Kind::Int(_) => "an int",
        Kind::Float(_) => "a float",
        Kind::Text(_) => "a str",
        Kind::List => "a list",
        Kind::Tuple => "a tuple",
        Kind::Dict(_) => "a dict",
        Kind::Stream(_) => "an iterator",
        Kind::Object => "an object",
    }
}

/// The items that Python iterates over: characters, members, keys; nothing for an undefined value.
pub(in crate::chat) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    match kind(value) {
        Kind::Undefined => Ok(Vec::new()),
        Kind::Text(text) => Ok(text.chars().map(|character| character.to_string().into()).collect()),
        Kind::List | Kind::Tuple | Kind::Dict(_) => Ok(value.try_iter()?.collect()),
        Kind::Stream(stream) => Ok(stream.take()),
        _ => Err(refuse(format!("{} cannot be iterated over", type_name(value)))),
    }
}

pub(in crate::chat) fn tuple(items: impl IntoIterator<Item = Value>) -> Value {
    Value::from(Tuple::from(items.into_iter().collect::<Vec<_>>()))
}

pub(in crate::chat) fn list(items: Vec<Value>) -> Value {
    Value::from(items)
}

/// Python's `len`.
pub(in crate::chat) fn length(value: &Value) -> Result<usize, Error> {
    let unsized_value = || refuse(format!("{} has no length", type_name(value)));
    match kind(value) {
        Kind::Undefined => Ok(0),
        Kind::Text(text) => Ok(text.chars().count()),
        Kind::List | Kind::Tuple | Kind::Dict(_) => value.len().ok_or_else(unsized_value),
        Kind::Stream(stream) => stream.length().ok_or_else(unsized_value),
        _ => Err(unsized_value()),
    }
}

/// Resolves an index that may count from the end; `None` if it is outside.
pub(in crate::chat) fn place(index: i128, length: usize) -> Option<usize> {
    let from_start = if index < 0 { index + length as i128 } else { index };
    usize::try_from(from_start).ok().filter(|place| *place < length)
}
