//! Operators, attributes and subscripts with Python's rules.

use std::cmp::Ordering;

use minijinja::{Error, Value};

use super::methods;
use super::numbers::{Number, calculate};
use super::printf::printf;
use super::text::to_text;
use super::values::{Kind, items, kind, length, list, place, refuse, tuple, type_name};

/// Largest length of a text or list that an operator repeats.
const LARGEST: usize = 1 << 20;

/// Evaluates `a + b`, or a chain of comparisons `a < b < c`, from values and symbols in turn.
pub(in crate::chat) fn operate(parts: &[Value]) -> Result<Value, Error> {
    match parts {
        [left, symbol, right] => binary(left, symbol.as_str().unwrap_or_default(), right),
        [left, symbol, right, rest @ ..] => {
            let first = binary(left, symbol.as_str().unwrap_or_default(), right)?;
            let others = [std::slice::from_ref(right), rest].concat();
            let others = operate(&others)?;
            Ok(if first.is_true() { others } else { first })
        }
        _ => Err(refuse("an operator without operands")),
    }
}

fn binary(left: &Value, symbol: &str, right: &Value) -> Result<Value, Error> {
    let compared = |is_so: fn(Ordering) -> bool| Ok(order(left, symbol, right)?.is_some_and(is_so).into());
    match symbol {
        "==" => Ok(equal(left, right)?.into()),
        "!=" => Ok((!equal(left, right)?).into()),
        "<" => compared(Ordering::is_lt),
        "<=" => compared(Ordering::is_le),
        ">" => compared(Ordering::is_gt),
        ">=" => compared(Ordering::is_ge),
        "in" => Ok(contains(right, left)?.into()),
        "not in" => Ok((!contains(right, left)?).into()),
        "~" => Ok((to_text(left)? + &to_text(right)?).into()),
        _ => arithmetic(left, symbol, right),
    }
}

fn arithmetic(left: &Value, symbol: &str, right: &Value) -> Result<Value, Error> {
    if let (Some(a), Some(b)) = (Number::of(left), Number::of(right)) {
        return calculate(a, symbol, b);
    }
    match (kind(left), symbol, kind(right)) {
        (Kind::Text(a), "+", Kind::Text(b)) => concatenate(a, b, [left, right]),
        (Kind::Text(format), "%", _) if !left.is_safe() => Ok(printf(format, right)?.into()),
        (Kind::List, "+", Kind::List) => Ok(list([items(left)?, items(right)?].concat())),
        (Kind::Tuple, "+", Kind::Tuple) => Ok(tuple([items(left)?, items(right)?].concat())),
        (Kind::Int(times), "*", Kind::Text(_) | Kind::List | Kind::Tuple) => repeat(right, times),
        (Kind::Text(_) | Kind::List | Kind::Tuple, "*", Kind::Int(times)) => repeat(left, times),
        _ => Err(unsupported(left, symbol, right)),
    }
}

fn unsupported(left: &Value, symbol: &str, right: &Value) -> Error {
    refuse(format!(
        "{} {symbol} {} is not defined",
        type_name(left),
        type_name(right)
    ))
}

/// Python's `a + b`. Beside a text that is marked as safe, Jinja escapes the other, so that this must have nothing to
/// escape.
fn concatenate(a: &str, b: &str, values: [&Value; 2]) -> Result<Value, Error> {
    let is_safe = values.iter().any(|value| value.is_safe());
    let mut others = values.iter().zip([a, b]).filter(|(value, _)| !value.is_safe());
    if is_safe && others.any(|(_, text)| text.contains(['<', '>', '&', '\'', '"'])) {
        return Err(refuse(
            "a text marked as safe is joined with one that Jinja would escape",
        ));
    }
    let joined = [a, b].concat();
    Ok(if is_safe {
        Value::from_safe_string(joined)
    } else {
        joined.into()
    })
}

fn repeat(value: &Value, times: i128) -> Result<Value, Error> {
    let times = usize::try_from(times).unwrap_or(0);
    if length(value)?.saturating_mul(times) > LARGEST {
        return Err(refuse("a repetition that is too long"));
    }
    if let Kind::Text(text) = kind(value) {
        return Ok(text.repeat(times).into());
    }
    let all = items(value)?;
    let repeated = std::iter::repeat_n(&all, times).flatten().cloned();
    Ok(match kind(value) {
        Kind::Tuple => tuple(repeated),
        _ => list(repeated.collect()),
    })
}

pub(in crate::chat) fn negate(value: &Value) -> Result<Value, Error> {
    let number = Number::of(value).ok_or_else(|| refuse(format!("{} cannot be negated", type_name(value))))?;
    number.negate()
}

/// Python's `==`.
pub(in crate::chat) fn equal(a: &Value, b: &Value) -> Result<bool, Error> {
    if let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) {
        return Ok(a.order(b)? == Some(Ordering::Equal));
    }
    Ok(match (kind(a), kind(b)) {
        (Kind::Undefined, Kind::Undefined) | (Kind::None, Kind::None) => true,
        (Kind::Text(a), Kind::Text(b)) => a == b,
        (Kind::List, Kind::List) | (Kind::Tuple, Kind::Tuple) => {
            let (a, b) = (items(a)?, items(b)?);
            a.len() == b.len() && all(a.iter().zip(&b).map(|(a, b)| equal(a, b)))?
        }
        (Kind::Dict(a), Kind::Dict(b)) => {
            let same = a.entries().iter().map(|(key, value)| match b.get(key) {
                Some(other) => equal(value, &other),
                None => Ok(false),
            });
            a.entries().len() == b.entries().len() && all(same)?
        }
        (Kind::Stream(_) | Kind::Object, Kind::Stream(_) | Kind::Object) => {
            return Err(refuse("objects are compared by where they are in memory"));
        }
        _ => false,
    })
}

fn all(mut conditions: impl Iterator<Item = Result<bool, Error>>) -> Result<bool, Error> {
    conditions.try_fold(true, |so_far, next| Ok(so_far && next?))
}

/// The order of two values of one kind; `None` if one is NaN.
pub(in crate::chat) fn order(a: &Value, symbol: &str, b: &Value) -> Result<Option<Ordering>, Error> {
    if let (Some(a), Some(b)) = (Number::of(a), Number::of(b)) {
        return a.order(b);
    }
    match (kind(a), kind(b)) {
        (Kind::Text(a), Kind::Text(b)) => Ok(Some(a.cmp(b))),
        (Kind::List, Kind::List) | (Kind::Tuple, Kind::Tuple) => {
            let (a, b) = (items(a)?, items(b)?);
            for (a, b) in a.iter().zip(&b) {
                if !equal(a, b)? {
                    return order(a, symbol, b);
                }
            }
            Ok(Some(a.len().cmp(&b.len())))
        }
        _ => Err(unsupported(a, symbol, b)),
    }
}

/// Python's `item in container`.
pub(in crate::chat) fn contains(container: &Value, item: &Value) -> Result<bool, Error> {
    match (kind(container), kind(item)) {
        (Kind::Text(text), Kind::Text(part)) => Ok(text.contains(part)),
        (Kind::Dict(_), Kind::List | Kind::Dict(_)) => Err(refuse(format!("{} is no key", type_name(item)))),
        (Kind::Undefined | Kind::List | Kind::Tuple | Kind::Dict(_) | Kind::Stream(_), _) => {
            let items = items(container)?;
            let mut found = items.iter().map(|other| equal(other, item));
            found.try_fold(false, |so_far, next| Ok(so_far || next?))
        }
        _ => Err(unsupported(item, "in", container)),
    }
}

/// Python's `value.name`: fields of dicts and of objects of the engine. A method that is not called is refused.
pub(in crate::chat) fn attribute(value: &Value, name: &str) -> Result<Value, Error> {
    match kind(value) {
        Kind::Undefined => Err(refuse(format!("an undefined value has no {name}"))),
        _ if name.starts_with('_') => Err(refuse(format!("{name} is not for templates"))),
        Kind::Object if has_fields(value) => value.get_attr(name),
        Kind::Object => Err(refuse(format!("a function has no {name}"))),
        Kind::Stream(_) => Err(refuse(format!("an iterator has no {name}"))),
        _ if methods::is_attribute(value, name) => Err(refuse(format!(
            "{name} of {} is a method and must be called",
            type_name(value)
        ))),
        Kind::Dict(dict) => Ok(dict.get(&name.into()).unwrap_or_default()),
        _ => Ok(Value::UNDEFINED),
    }
}

/// Whether an object of the engine is a loop or a namespace, with the fields that Jinja gives it.
fn has_fields(value: &Value) -> bool {
    let name = value.as_object().map_or("", |object| object.type_name());
    name.ends_with("::Loop") || name.ends_with("::Namespace")
}

/// Python's `value[key]`; undefined where there is no such item.
pub(in crate::chat) fn item(value: &Value, key: &Value) -> Result<Value, Error> {
    let index = match kind(key) {
        Kind::Int(index) => Some(index),
        Kind::Bool(index) => Some(index.into()),
        _ => None,
    };
    match (kind(value), index) {
        (Kind::Undefined, _) => Err(refuse("an undefined value has no items")),
        (Kind::Stream(_), _) => Err(refuse("an iterator has no items by index")),
        (Kind::Text(text), Some(index)) => {
            let characters: Vec<char> = text.chars().collect();
            let found = place(index, characters.len()).map(|place| characters[place].to_string().into());
            Ok(found.unwrap_or_default())
        }
        (Kind::List | Kind::Tuple, Some(index)) => {
            let found = place(index, length(value)?).map(|place| value.get_item_by_index(place));
            found.unwrap_or(Ok(Value::UNDEFINED))
        }
        (Kind::Dict(dict), _) if dict.get(key).is_some() => Ok(dict.get(key).unwrap_or_default()),
        _ => key.as_str().map_or(Ok(Value::UNDEFINED), |name| attribute(value, name)),
    }
}

/// Python's `value[start:stop:step]`.
pub(in crate::chat) fn slice(value: &Value, [start, stop, step]: [&Value; 3]) -> Result<Value, Error> {
    let all = match kind(value) {
        Kind::Text(_) if value.is_safe() => return Err(refuse("a slice of a text that is marked as safe")),
        Kind::Text(_) | Kind::List | Kind::Tuple => items(value)?,
        _ => return Err(refuse(format!("{} has no slices", type_name(value)))),
    };
    let bound = |bound: &Value| match kind(bound) {
        Kind::None => Ok(None),
        Kind::Int(bound) => Ok(Some(bound)),
        Kind::Bool(bound) => Ok(Some(bound.into())),
        _ => Err(refuse(format!("{} cannot be a bound of a slice", type_name(bound)))),
    };
    let step = bound(step)?.unwrap_or(1);
    if step == 0 {
        return Err(refuse("a slice with step 0"));
    }
    let length = all.len() as i128;
    let (lowest, highest) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clip = |bound: i128| (if bound < 0 { bound + length } else { bound }).clamp(lowest, highest);
    let first = bound(start)?.map_or(if step > 0 { lowest } else { highest }, clip);
    let end = bound(stop)?.map_or(if step > 0 { highest } else { lowest }, clip);
    let places = std::iter::successors(Some(first), |place| place.checked_add(step));
    let places = places.take_while(|place| if step > 0 { *place < end } else { *place > end });
    let taken = places.filter_map(|place| all.get(usize::try_from(place).ok()?).cloned());
    Ok(match kind(value) {
        Kind::Text(_) => taken.map(|character| character.to_string()).collect::<String>().into(),
        Kind::Tuple => tuple(taken),
        _ => list(taken.collect()),
    })
}
