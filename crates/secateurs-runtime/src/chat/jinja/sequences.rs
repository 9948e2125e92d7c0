//! Filters of whole sequences.

use minijinja::{Error, Value};

use super::selections;
use crate::chat::python::arguments::Arguments;
use crate::chat::python::iterators::Stream;
use crate::chat::python::text::to_text;
use crate::chat::python::values::{Kind, items, kind, length, list, refuse, tuple, type_name};

/// The filters `first`, `last`, `list`, `items`, `length`, `reverse` and `join`.
pub(in crate::chat) fn of_sequence(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    if name == "join" {
        let [between, attribute] = arguments.bind(["d", "attribute"])?;
        return join(value, between, attribute);
    }
    arguments.none()?;
    match (name, kind(value)) {
        ("length" | "count", _) => Ok(length(value)?.into()),
        ("list", _) => Ok(list(items(value)?)),
        ("first", Kind::Stream(stream)) => Ok(stream.first().unwrap_or_default()),
        ("first", _) => Ok(items(value)?.into_iter().next().unwrap_or_default()),
        ("last" | "reverse", Kind::Stream(stream)) if stream.length().is_none() => {
            Err(refuse("a generator cannot be read from its end"))
        }
        ("last", Kind::Undefined) => Ok(Value::UNDEFINED),
        ("last", _) => Ok(items(value)?.pop().unwrap_or_default()),
        ("reverse", Kind::Text(text)) => Ok(text.chars().rev().collect::<String>().into()),
        ("reverse", _) => {
            let mut items = items(value)?;
            items.reverse();
            Ok(Stream::once(items))
        }
        ("items", Kind::Undefined) => Ok(Stream::once(Vec::new())),
        ("items", Kind::Dict(dict)) => {
            let entries = dict.entries().iter().cloned();
            Ok(Stream::once(entries.map(|(key, value)| tuple([key, value])).collect()))
        }
        _ => Err(refuse(format!("items of {}", type_name(value)))),
    }
}

fn join(value: &Value, between: Option<Value>, attribute: Option<Value>) -> Result<Value, Error> {
    let between = between.unwrap_or_else(|| "".into());
    let mut parts = items(value)?;
    if let Some(attribute) = attribute {
        let path = selections::Path::parse(&attribute)?;
        parts = parts.iter().map(|part| path.of(part)).collect::<Result<_, _>>()?;
    }
    let parts = parts.iter().map(to_text).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.join(&to_text(&between)?).into())
}
