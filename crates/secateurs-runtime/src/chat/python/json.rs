//! Python's `json.dumps`.

use minijinja::{Error, Value};

use super::arguments::Arguments;
use super::text::{float_text, to_text};
use super::values::{Kind, items, kind, refuse, type_name};

/// Settings of the written text.
struct Style {
    ensure_ascii: bool,
    /// Indentation of a level; `None` for a single line.
    indent: Option<String>,
    between_items: String,
    after_key: String,
    sort_keys: bool,
}

/// The filter `tojson` of chat templates: `json.dumps` with `ensure_ascii=False` as the only other default.
pub(in crate::chat) fn to_json(value: &Value, arguments: Arguments) -> Result<Value, Error> {
    let names = ["ensure_ascii", "indent", "separators", "sort_keys"];
    let [ensure_ascii, indent, separators, sort_keys] = arguments.bind(names)?;
    let indent = match indent.as_ref().map(kind) {
        None | Some(Kind::None) => None,
        Some(Kind::Int(width)) => Some(" ".repeat(usize::try_from(width).unwrap_or(0).min(1024))),
        Some(Kind::Text(text)) => Some(text.to_owned()),
        Some(_) => return Err(refuse("indent of tojson is neither a number nor a text")),
    };
    let (between_items, after_key) = match separators.filter(|separators| !separators.is_none()) {
        None if indent.is_some() => (",".to_owned(), ": ".to_owned()),
        None => (", ".to_owned(), ": ".to_owned()),
        Some(separators) => match items(&separators)?.as_slice() {
            [between, after] => (to_text(between)?, to_text(after)?),
            _ => return Err(refuse("separators of tojson are not two texts")),
        },
    };
    let style = Style {
        ensure_ascii: ensure_ascii.is_some_and(|value| value.is_true()),
        indent,
        between_items,
        after_key,
        sort_keys: sort_keys.is_some_and(|value| value.is_true()),
    };
    let mut json = String::new();
    style.write(value, 0, &mut json)?;
    Ok(json.into())
}

impl Style {
    fn write(&self, value: &Value, depth: usize, json: &mut String) -> Result<(), Error> {
        match kind(value) {
            Kind::List | Kind::Tuple => {
                let items = items(value)?;
                self.write_group(&items, ['[', ']'], depth, json, |item, json| {
                    self.write(item, depth + 1, json)
                })
            }
            Kind::Dict(dict) => {
                let mut entries = dict.entries().to_vec();
                if self.sort_keys {
                    entries = sorted(entries)?;
                }
                self.write_group(&entries, ['{', '}'], depth, json, |(key, value), json| {
                    self.write_text(&key_text(key)?, json);
                    json.push_str(&self.after_key);
                    self.write(value, depth + 1, json)
                })
            }
            Kind::Text(text) => {
                self.write_text(text, json);
                Ok(())
            }
            _ => {
                json.push_str(&plain(value)?);
                Ok(())
            }
        }
    }

    fn write_group<T>(
        &self,
        items: &[T],
        brackets: [char; 2],
        depth: usize,
        json: &mut String,
        write: impl Fn(&T, &mut String) -> Result<(), Error>,
    ) -> Result<(), Error> {
        json.push(brackets[0]);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                json.push_str(&self.between_items);
            }
            self.new_line(depth + 1, json);
            write(item, json)?;
        }
        if !items.is_empty() {
            self.new_line(depth, json);
        }
        json.push(brackets[1]);
        Ok(())
    }

    fn new_line(&self, depth: usize, json: &mut String) {
        if let Some(indent) = &self.indent {
            json.push('\n');
            json.push_str(&indent.repeat(depth));
        }
    }

    fn write_text(&self, text: &str, json: &mut String) {
        json.push('"');
        for character in text.chars() {
            match character {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                '\n' => json.push_str("\\n"),
                '\r' => json.push_str("\\r"),
                '\t' => json.push_str("\\t"),
                '\u{8}' => json.push_str("\\b"),
                '\u{c}' => json.push_str("\\f"),
                ' '..='~' => json.push(character),
                '\u{7f}'.. if !self.ensure_ascii => json.push(character),
                '\u{7f}' => json.push(character),
                _ => {
                    let mut units = [0; 2];
                    let units = character.encode_utf16(&mut units).iter();
                    units.for_each(|unit| json.push_str(&format!("\\u{unit:04x}")));
                }
            }
        }
        json.push('"');
    }
}

fn plain(value: &Value) -> Result<String, Error> {
    Ok(match kind(value) {
        Kind::None => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Int(int) => int.to_string(),
        Kind::Float(float) if float.is_nan() => "NaN".to_owned(),
        Kind::Float(float) if float.is_infinite() => if float > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        Kind::Float(float) => float_text(float),
        _ => return Err(refuse(format!("{} cannot be written as JSON", type_name(value)))),
    })
}

fn key_text(key: &Value) -> Result<String, Error> {
    match kind(key) {
        Kind::Text(text) => Ok(text.to_owned()),
        Kind::None | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => plain(key),
        _ => Err(refuse(format!("{} cannot be a key in JSON", type_name(key)))),
    }
}

/// Entries by their keys, which must all be texts.
fn sorted(mut entries: Vec<(Value, Value)>) -> Result<Vec<(Value, Value)>, Error> {
    if entries.iter().any(|(key, _)| key.as_str().is_none()) {
        return Err(refuse("keys that are no texts cannot be sorted"));
    }
    entries.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
    Ok(entries)
}
