//! Methods of Python's texts, lists and dicts.

use minijinja::{Error, Value};

use super::arguments::{Arguments, required};
use super::dict::Dict;
use super::iterators::Stream;
use super::operators::equal;
use super::text_methods;
use super::values::{Kind, items, kind, refuse, tuple, type_name};

const TEXT: &str = " capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha \
    isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip \
    maketrans partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines \
    startswith strip swapcase title translate upper zfill ";
const LIST: &str = " append clear copy count extend index insert pop remove reverse sort ";
const DICT: &str = " clear copy fromkeys get items keys pop popitem setdefault update values ";
const NUMBER: &str = " as_integer_ratio bit_count bit_length conjugate denominator from_bytes from_number fromhex hex imag \
    is_integer numerator real to_bytes ";

/// Whether Python's type of a value has an attribute of that name.
pub(in crate::chat) fn is_attribute(value: &Value, name: &str) -> bool {
    let names = match kind(value) {
        Kind::Text(_) => TEXT,
        Kind::List => LIST,
        Kind::Tuple => " count index ",
        Kind::Dict(_) => DICT,
        Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => NUMBER,
        _ => "",
    };
    !name.contains(' ') && names.contains(&format!(" {name} "))
}

/// Calls `value.name(..)` of a text, list or dict.
pub(in crate::chat) fn call(value: &Value, name: &str, arguments: Arguments) -> Result<Value, Error> {
    let found = match kind(value) {
        Kind::Text(_) if value.is_safe() => return Err(refuse(format!("{name} of a text that is marked as safe"))),
        Kind::Text(text) => text_methods::call(text, name, arguments)?,
        Kind::List | Kind::Tuple => of_list(value, name, arguments)?,
        Kind::Dict(dict) => of_dict(dict, name, arguments)?,
        _ => None,
    };
    found.ok_or_else(|| refuse(format!("{} has no method {name} for templates", type_name(value))))
}

fn of_dict(dict: &Dict, name: &str, arguments: Arguments) -> Result<Option<Value>, Error> {
    let entries = dict.entries().iter().cloned();
    Ok(Some(match name {
        "get" => {
            let [key, default] = arguments.bind([""; 2])?;
            let key = required(key)?;
            dict.get(&key).or(default).unwrap_or_else(|| Value::from(()))
        }
        "items" => {
            arguments.none()?;
            Stream::view(entries.map(|(key, value)| tuple([key, value])).collect())
        }
        "keys" => {
            arguments.none()?;
            Stream::view(entries.map(|(key, _)| key).collect())
        }
        "values" => {
            arguments.none()?;
            Stream::view(entries.map(|(_, value)| value).collect())
        }
        "copy" => {
            arguments.none()?;
            Dict::of(entries)
        }
        _ => return Ok(None),
    }))
}

fn of_list(value: &Value, name: &str, arguments: Arguments) -> Result<Option<Value>, Error> {
    let items = items(value)?;
    Ok(Some(match name {
        "count" => {
            let item = arguments.one()?;
            let same = items.iter().map(|other| equal(other, &item));
            let same = same.collect::<Result<Vec<bool>, _>>()?;
            same.into_iter().filter(|same| *same).count().into()
        }
        "index" => {
            let item = arguments.one()?;
            let found = items.iter().position(|other| equal(other, &item).unwrap_or(false));
            found
                .ok_or_else(|| refuse("index of an item that is not in the list"))?
                .into()
        }
        "copy" if matches!(kind(value), Kind::List) => {
            arguments.none()?;
            value.clone()
        }
        _ => return Ok(None),
    }))
}
