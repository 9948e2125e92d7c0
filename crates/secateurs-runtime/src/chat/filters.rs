//! Jinja's filters.

use minijinja::{Error, Value};

use super::dict::Dict;
use super::arguments::{Arguments, required};
use super::iterators::Stream;
use super::json::to_json;
use super::methods::{replace, strip};
use super::numbers::{Number, round};
use super::operators::attribute;
use super::printf::printf;
use super::selections;
use super::text::to_text;
use super::values::{Kind, items, kind, length, list, refuse, tuple, type_name};
use super::words::{capitalize, lines, title_of_words};

/// All filters by name; `map` can apply each of them.
pub(super) const NAMES: [&str; 38] = [
    "abs",
    "attr",
    "capitalize",
    "center",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "sort",
    "string",
    "sum",
    "tojson",
    "trim",
    "unique",
];

/// Further filters, so that both lists stay short enough to be read.
pub(super) const MORE_NAMES: [&str; 3] = ["title", "upper", "wordcount"];

/// `value | name(..)`
pub(super) fn apply(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    match name {
        "map" | "select" | "reject" | "selectattr" | "rejectattr" | "sort" | "unique" | "min" | "max" | "sum"
        | "dictsort" => selections::apply(name, value, arguments),
        "tojson" => to_json(value, arguments),
        "safe" | "e" | "escape" => marked_safe(name, value, arguments),
        "abs" | "round" | "int" | "float" => of_number(name, value, arguments),
        "first" | "last" | "list" | "items" | "length" | "count" | "reverse" | "join" => {
            of_sequence(name, value, arguments)
        }
        "default" | "d" => {
            let [default, for_false] = arguments.bind(["default_value", "boolean"])?;
            let for_false = for_false.is_some_and(|value| value.is_true());
            let replaced = value.is_undefined() || for_false && !value.is_true();
            Ok(if replaced {
                default.unwrap_or_else(|| "".into())
            } else {
                value.clone()
            })
        }
        "attr" => {
            let name = to_text(&arguments.one()?)?;
            match kind(value) {
                // Unlike `value.name`, the filter never looks for a key.
                Kind::Dict(_) => Ok(attribute(value, &name).map(|_| Value::UNDEFINED)?),
                _ => attribute(value, &name),
            }
        }
        _ => of_text(name, value, arguments),
    }
}

/// Filters that take any value as its text.
fn of_text(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    let text = to_text(value)?;
    if value.is_safe() && !matches!(name, "trim" | "string" | "replace") {
        return Err(refuse(format!("{name} of a text that is marked as safe")));
    }
    Ok(match name {
        "string" => {
            arguments.none()?;
            return Ok(if value.is_safe() { value.clone() } else { text.into() });
        }
        "trim" => {
            let [characters] = arguments.bind(["chars"])?;
            let trimmed = strip(&text, "strip", characters.as_ref())?.to_owned();
            return Ok(if value.is_safe() {
                Value::from_safe_string(trimmed)
            } else {
                trimmed.into()
            });
        }
        "indent" if value.as_str().is_none() => return Err(refuse(format!("indent of {}", type_name(value)))),
        "indent" => indent(&text, arguments)?,
        "replace" => {
            let [old, new, count] = arguments.bind(["old", "new", "count"])?;
            let (old, new) = (to_text(&required(old)?)?, to_text(&required(new)?)?);
            replace(&text, &old, &new, count.as_ref())?
        }
        "format" => format(&text, arguments)?,
        "center" => {
            let [width] = arguments.bind(["width"])?;
            let width = width.map_or(Some(80), |width| usize::try_from(width).ok());
            let width = width
                .filter(|width| *width <= 1 << 16)
                .ok_or_else(|| refuse("a width that is none"))?;
            let missing = width.saturating_sub(text.chars().count());
            let left = missing / 2 + (missing & width & 1);
            format!("{}{text}{}", " ".repeat(left), " ".repeat(missing - left))
        }
        _ => {
            arguments.none()?;
            match name {
                "upper" => text.to_uppercase(),
                "lower" => text.to_lowercase(),
                "title" => title_of_words(&text)?,
                "capitalize" => capitalize(&text)?,
                "wordcount" if text.is_ascii() => {
                    let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
                    return Ok(words.filter(|word| !word.is_empty()).count().into());
                }
                _ => return Err(refuse(format!("the filter {name} is not supported here"))),
            }
        }
    }
    .into())
}

/// Texts that Jinja does not escape; combined with others they would be.
fn marked_safe(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    arguments.none()?;
    let text = to_text(value)?;
    if name == "safe" || value.is_safe() {
        return Ok(Value::from_safe_string(text));
    }
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    Ok(Value::from_safe_string(escaped))
}

fn format(text: &str, arguments: Arguments) -> Result<String, Error> {
    let Arguments { positional, named } = arguments;
    match (positional.is_empty(), named.is_empty()) {
        (_, true) => printf(text, &tuple(positional)),
        (true, false) => {
            let named = named.into_iter().map(|(name, value)| (Value::from(name), value));
            printf(text, &Dict::of(named))
        }
        _ => Err(refuse("format takes either values or names")),
    }
}

/// Lines after the first, and the first if asked, moved to the right.
fn indent(text: &str, arguments: Arguments) -> Result<String, Error> {
    let [width, first, blank] = arguments.bind(["width", "first", "blank"])?;
    let indentation = match width.as_ref().map(kind) {
        None => " ".repeat(4),
        Some(Kind::Text(text)) => text.to_owned(),
        Some(Kind::Int(width)) => " ".repeat(usize::try_from(width).unwrap_or(0).min(1 << 10)),
        Some(_) => return Err(refuse("indent takes a number or a text")),
    };
    let is_set = |flag: Option<Value>| flag.is_some_and(|flag| flag.is_true());
    let (first, blank) = (is_set(first), is_set(blank));
    // A last line that ends has an empty one after it.
    let all = format!("{text}\n");
    let all = lines(&all, false);
    let mut indented = String::new();
    for (index, line) in all.iter().enumerate() {
        if index > 0 {
            indented.push('\n');
        }
        let moves = if index == 0 { first } else { blank || !line.is_empty() };
        if moves {
            indented.push_str(&indentation);
        }
        indented.push_str(line);
    }
    Ok(indented)
}

fn of_number(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
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

/// The number that Python's `float` reads; forms that Rust reads otherwise are refused.
fn float_of(text: &str) -> Result<Option<f64>, Error> {
    if !text.is_ascii() || text.contains('_') {
        return Err(refuse("float of a text that is no plain number"));
    }
    Ok(text.trim().parse().ok())
}

fn of_sequence(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
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
            Err(refuse("a generator has no end to begin from"))
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
