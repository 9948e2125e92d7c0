//! Jinja's filters.

use minijinja::{Error, Value};

use super::{conversions, selections, sequences};
use crate::chat::python::arguments::{Arguments, required};
use crate::chat::python::dict::Dict;
use crate::chat::python::json::to_json;
use crate::chat::python::operators::attribute;
use crate::chat::python::printf::printf;
use crate::chat::python::text::to_text;
use crate::chat::python::text_methods::{replace, strip};
use crate::chat::python::values::{Kind, kind, refuse, tuple, type_name};
use crate::chat::python::words::{capitalize, lines, title_of_words};

/// All filters by name; `map` can apply any of them.
pub(in crate::chat) const NAMES: [&str; 38] = [
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

/// Further filters, separate so that both lists stay short.
pub(in crate::chat) const MORE_NAMES: [&str; 3] = ["title", "upper", "wordcount"];

/// Applies `value | name(..)`.
pub(in crate::chat) fn apply(name: &str, value: &Value, arguments: Arguments) -> Result<Value, Error> {
    match name {
        "map" | "select" | "reject" | "selectattr" | "rejectattr" | "sort" | "unique" | "min" | "max" | "sum"
        | "dictsort" => selections::apply(name, value, arguments),
        "tojson" => to_json(value, arguments),
        "safe" | "e" | "escape" => marked_safe(name, value, arguments),
        "abs" | "round" | "int" | "float" => conversions::of_number(name, value, arguments),
        "first" | "last" | "list" | "items" | "length" | "count" | "reverse" | "join" => {
            sequences::of_sequence(name, value, arguments)
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
                .ok_or_else(|| refuse("the width must be a whole number up to 65536"))?;
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

/// Marks texts that Jinja does not escape; combined with others they would be escaped.
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

/// Indents the lines after the first, and the first on request.
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
