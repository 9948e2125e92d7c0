//! Filters that examine the items of a sequence.

use std::cmp::Ordering;

use minijinja::{Error, Value};

use super::filters;
use super::predicates;
use crate::chat::python::arguments::{Arguments, required};
use crate::chat::python::iterators::Stream;
use crate::chat::python::numbers::{Number, calculate};
use crate::chat::python::operators::{equal, item, order};
use crate::chat::python::text::to_text;
use crate::chat::python::values::{Kind, items, kind, list, refuse, tuple};

/// The path from an item to one of its parts: `attribute="function.name"`.
pub(in crate::chat) struct Path(Vec<Value>);

impl Path {
    pub(in crate::chat) fn parse(attribute: &Value) -> Result<Self, Error> {
        match kind(attribute) {
            Kind::Text(path) => {
                let step = |step: &str| step.parse::<u32>().map_or_else(|_| Value::from(step), Value::from);
                Ok(Self(path.split('.').map(step).collect()))
            }
            Kind::Int(_) => Ok(Self(vec![attribute.clone()])),
            _ => Err(refuse("an attribute is a text or a number")),
        }
    }

    pub(in crate::chat) fn of(&self, value: &Value) -> Result<Value, Error> {
        self.0.iter().try_fold(value.clone(), |value, step| item(&value, step))
    }
}

/// Applies `value | name(..)`.
pub(in crate::chat) fn apply(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    match name {
        "map" => map(value, arguments),
        "select" | "reject" | "selectattr" | "rejectattr" => select(name, value, arguments),
        "dictsort" => dictsort(value, arguments),
        "sum" => sum(value, arguments),
        _ => ordered(name, value, arguments),
    }
}

fn map(value: &Value, arguments: Arguments) -> Result<Value, Error> {
    let Arguments { positional, named } = arguments;
    let all = items(value)?;
    if let Some((filter, others)) = positional.split_first() {
        let filter = filter
            .as_str()
            .ok_or_else(|| refuse("map takes the name of a filter"))?;
        let known = filters::NAMES.contains(&filter) || filters::MORE_NAMES.contains(&filter);
        if !known {
            return Err(refuse(format!("there is no filter {filter} for map")));
        }
        let mapped = all.iter().map(|item| {
            let arguments = Arguments {
                positional: others.to_vec(),
                named: named.clone(),
            };
            filters::apply(filter, item, arguments)
        });
        return Ok(Stream::once(mapped.collect::<Result<_, _>>()?));
    }
    let arguments = Arguments { positional, named };
    let [attribute, default] = arguments.bind(["attribute", "default"])?;
    let path = Path::parse(&required(attribute)?)?;
    let mapped = all.iter().map(|item| {
        let found = path.of(item)?;
        let default = default.as_ref().filter(|_| found.is_undefined());
        Ok(default.cloned().unwrap_or(found))
    });
    Ok(Stream::once(mapped.collect::<Result<_, Error>>()?))
}

fn select(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    let all = items(value)?;
    let Arguments { positional, named } = arguments;
    if !named.is_empty() {
        return Err(refuse(format!("{name} has no named arguments")));
    }
    let mut rest = positional.as_slice();
    let mut path = Path(Vec::new());
    if name.ends_with("attr") {
        let (attribute, others) = rest
            .split_first()
            .ok_or_else(|| refuse(format!("{name} needs an attribute")))?;
        (path, rest) = (Path::parse(attribute)?, others);
    }
    let wanted = name.starts_with("select");
    let mut selected = Vec::new();
    for item in all {
        let part = path.of(&item)?;
        let is_so = match rest {
            [] => part.is_true(),
            [test, others @ ..] => {
                let test = test
                    .as_str()
                    .ok_or_else(|| refuse(format!("{name} takes the name of a test")))?;
                predicates::holds(test, &part, others)?
            }
        };
        if is_so == wanted {
            selected.push(item);
        }
    }
    Ok(Stream::once(selected))
}

/// The key by which Jinja sorts: texts without their case unless case counts.
fn sort_key(value: &Value, with_case: bool) -> Value {
    match kind(value) {
        Kind::Text(text) if !with_case => text.to_lowercase().into(),
        _ => value.clone(),
    }
}

/// Sorts by a key; equal items keep their order, reversed or not as in Python.
fn sort_by<T>(mut entries: Vec<(Value, T)>, reverse: bool) -> Result<Vec<T>, Error> {
    let mut failure = None;
    let mut compare = |a: &Value, b: &Value| match order(a, "<", b) {
        Ok(Some(order)) => order,
        Ok(None) => {
            failure.get_or_insert_with(|| refuse("NaN cannot be sorted"));
            Ordering::Equal
        }
        Err(error) => {
            failure.get_or_insert(error);
            Ordering::Equal
        }
    };
    if reverse {
        entries.sort_by(|(a, _), (b, _)| compare(b, a));
    } else {
        entries.sort_by(|(a, _), (b, _)| compare(a, b));
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(entries.into_iter().map(|(_, value)| value).collect()),
    }
}

fn is_set(flag: Option<Value>) -> bool {
    flag.is_some_and(|flag| flag.is_true())
}

/// The filters `sort`, `unique`, `min` and `max`.
fn ordered(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    let (reverse, with_case, attribute) = match name {
        "sort" => {
            let [reverse, with_case, attribute] = arguments.bind(["reverse", "case_sensitive", "attribute"])?;
            (is_set(reverse), is_set(with_case), attribute)
        }
        _ => {
            let [with_case, attribute] = arguments.bind(["case_sensitive", "attribute"])?;
            (false, is_set(with_case), attribute)
        }
    };
    let path = attribute.filter(|attribute| !attribute.is_none());
    if path
        .as_ref()
        .and_then(Value::as_str)
        .is_some_and(|path| path.contains(','))
    {
        return Err(refuse("a list of attributes is not supported"));
    }
    let path = path.map_or(Ok(Path(Vec::new())), |path| Path::parse(&path))?;
    let entries = items(value)?
        .into_iter()
        .map(|item| Ok((sort_key(&path.of(&item)?, with_case), item)));
    let entries = entries.collect::<Result<Vec<_>, Error>>()?;
    match name {
        "sort" => Ok(list(sort_by(entries, reverse)?)),
        "unique" => unique(entries),
        _ => extreme(entries, name == "max"),
    }
}

fn unique(entries: Vec<(Value, Value)>) -> Result<Value, Error> {
    let mut seen: Vec<(Value, Value)> = Vec::new();
    for (key, item) in entries {
        if matches!(kind(&key), Kind::List | Kind::Dict(_)) {
            return Err(refuse("unique of lists or dicts"));
        }
        let same = seen
            .iter()
            .map(|(other, _)| equal(other, &key))
            .collect::<Result<Vec<_>, _>>()?;
        if !same.contains(&true) {
            seen.push((key, item));
        }
    }
    Ok(Stream::once(seen.into_iter().map(|(_, item)| item).collect()))
}

/// The first of the largest or smallest; undefined if there is none.
fn extreme(entries: Vec<(Value, Value)>, largest: bool) -> Result<Value, Error> {
    let mut best: Option<(Value, Value)> = None;
    for (key, item) in entries {
        let is_better = match &best {
            None => true,
            Some((other, _)) if largest => order(&key, ">", other)? == Some(Ordering::Greater),
            Some((other, _)) => order(&key, "<", other)? == Some(Ordering::Less),
        };
        if is_better {
            best = Some((key, item));
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}

fn sum(value: &Value, arguments: Arguments) -> Result<Value, Error> {
    let [attribute, start] = arguments.bind(["attribute", "start"])?;
    let path = attribute.filter(|attribute| !attribute.is_none());
    let path = path.map_or(Ok(Path(Vec::new())), |path| Path::parse(&path))?;
    let start = start.unwrap_or_else(|| 0.into());
    let all = items(value)?;
    if all.iter().any(|item| matches!(kind(item), Kind::Float(_))) && all.len() > 2 {
        return Err(refuse("the sum of floats depends on the version of Python"));
    }
    all.iter().try_fold(start, |total, item| {
        match (Number::of(&total), Number::of(&path.of(item)?)) {
            (Some(total), Some(number)) => calculate(total, "+", number),
            _ => Err(refuse("sum takes numbers only")),
        }
    })
}

fn dictsort(value: &Value, arguments: Arguments) -> Result<Value, Error> {
    let [with_case, by, reverse] = arguments.bind(["case_sensitive", "by", "reverse"])?;
    let by = by.map_or_else(|| Ok("key".to_owned()), |by| to_text(&by))?;
    let (Kind::Dict(dict), "key" | "value") = (kind(value), &*by) else {
        return Err(refuse("dictsort takes a dict, by key or value"));
    };
    let with_case = is_set(with_case);
    let entries = dict.entries().iter().map(|(key, value)| {
        let by = if by == "key" { key } else { value };
        (sort_key(by, with_case), tuple([key.clone(), value.clone()]))
    });
    Ok(list(sort_by(entries.collect(), is_set(reverse))?))
}
