//! The engine with Python's functions, filters and tests in place of its own.

use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, State, Value};

use super::{filters, predicates};
use crate::chat::python::arguments::Arguments;
use crate::chat::python::clock::strftime;
use crate::chat::python::dict::Dict;
use crate::chat::python::iterators::Stream;
use crate::chat::python::text::to_text;
use crate::chat::python::values::{Kind, items, kind, refuse};
use crate::chat::python::{methods, operators};

/// Largest length of a range in Jinja's sandbox.
const LONGEST_RANGE: i128 = 100_000;

pub(in crate::chat) fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_formatter(|output, _, value| Ok(output.write_str(&to_text(value)?)?));
    for name in filters::NAMES.into_iter().chain(filters::MORE_NAMES) {
        environment.add_filter(name, move |value: Value, others: Rest<Value>, named: Kwargs| {
            filters::apply(name, &value, Arguments::new(&others, &named)?)
        });
    }
    for name in predicates::NAMES {
        environment.add_test(name, move |value: Value, arguments: Rest<Value>| {
            predicates::holds(name, &value, &arguments)
        });
    }
    add_operators(&mut environment);
    add_functions(&mut environment);
    environment
}

/// Functions that `rewrite` writes in place of operators.
fn add_operators(environment: &mut Environment<'_>) {
    environment.add_function("__operate", |parts: Rest<Value>| operators::operate(&parts));
    environment.add_function("__negate", |value: Value| operators::negate(&value));
    environment.add_function("__dict", |values: Rest<Value>| Dict::of(in_turn(&values)));
    environment.add_function("__dict_of", |values: Rest<Value>| dict(&values));
    environment.add_function("__items", |value: Value| match kind(&value) {
        // A generator is read by the loop itself.
        Kind::Stream(_) => Ok(value),
        _ => items(&value).map(Value::from),
    });
    environment.add_function("__attribute", |value: Value, name: String| {
        operators::attribute(&value, &name)
    });
    environment.add_function("__item", |value: Value, key: Value| operators::item(&value, &key));
    environment.add_function("__slice", |value: Value, start: Value, stop: Value, step: Value| {
        operators::slice(&value, [&start, &stop, &step])
    });
    let method = |state: &mut State<'_, '_>, value: Value, name: String, values: Rest<Value>, named: Kwargs| match kind(
        &value,
    ) {
        // Loops have methods, and namespaces may hold macros.
        Kind::Object if named.args().next().is_none() => value.call_method(state, &name, &values),
        _ => methods::call(&value, &name, Arguments::new(&values, &named)?),
    };
    environment.add_function("__method", method);
}

fn add_functions(environment: &mut Environment<'_>) {
    environment.add_function("raise_exception", |message: Value| {
        Err::<Value, _>(refuse(to_text(&message)?))
    });
    environment.add_function("strftime_now", |format: String| {
        strftime(chrono::Local::now().naive_local(), &format)
    });
    environment.add_function("namespace", minijinja::functions::namespace);
    environment.add_function("range", |values: Rest<Value>| range(&values));
    // Calls of it are rewritten, since the engine forgets the order of named arguments.
    environment.add_function("dict", |_: Rest<Value>| {
        Err::<Value, _>(refuse("dict is not called by its name"))
    });
}

fn range(values: &[Value]) -> Result<Value, Error> {
    let bounds = values.iter().map(|value| match kind(value) {
        Kind::Int(bound) if bound.abs() < 1 << 62 => Ok(bound),
        Kind::Bool(bound) => Ok(bound.into()),
        _ => Err(refuse("range takes whole numbers")),
    });
    let (start, stop, step) = match bounds.collect::<Result<Vec<_>, _>>()?[..] {
        [stop] => (0, stop, 1),
        [start, stop] => (start, stop, 1),
        [start, stop, step] if step != 0 => (start, stop, step),
        _ => return Err(refuse("range takes one to three numbers, and no step of 0")),
    };
    let length = ((stop - start + step - step.signum()) / step).max(0);
    if length > LONGEST_RANGE {
        return Err(refuse("the range is too long"));
    }
    Ok(Stream::view(
        (0..length).map(|index| Value::from(start + index * step)).collect(),
    ))
}

/// Builds `dict(mapping, name=value, ..)` from its start or undefined, then names and values in turn.
fn dict(values: &[Value]) -> Result<Value, Error> {
    let (first, named) = values.split_first().ok_or_else(|| refuse("dict needs a value"))?;
    let entries = match kind(first) {
        Kind::Dict(dict) => dict.entries().to_vec(),
        _ => {
            let entries = items(first)?;
            let entries = entries.iter().map(|entry| match items(entry)?.as_slice() {
                [key, value] => Ok((key.clone(), value.clone())),
                _ => Err(refuse("dict takes pairs")),
            });
            entries.collect::<Result<_, _>>()?
        }
    };
    Ok(Dict::of(entries.into_iter().chain(in_turn(named))))
}

/// Pairs up keys and values that stand in turn.
fn in_turn(values: &[Value]) -> impl Iterator<Item = (Value, Value)> {
    values.chunks_exact(2).map(|entry| (entry[0].clone(), entry[1].clone()))
}
