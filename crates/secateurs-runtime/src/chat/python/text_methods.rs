//! Methods of Python's `str`.

use minijinja::{Error, Value};

use super::arguments::{Arguments, required};
use super::formats::format;
use super::methods::is_attribute;
use super::values::{Kind, items, kind, list, refuse, tuple, type_name};
use super::words::{capitalize, has_kind, is_space, lines, swap_case, title};

/// Calls `text.name(..)`; `None` if there is no such method.
pub(in crate::chat) fn call(text: &str, name: &str, arguments: Arguments) -> Result<Option<Value>, Error> {
    Ok(Some(match name {
        "upper" | "lower" | "title" | "capitalize" | "swapcase" => {
            arguments.none()?;
            match name {
                "upper" => text.to_uppercase(),
                "lower" => text.to_lowercase(),
                "title" => title(text)?,
                "capitalize" => capitalize(text)?,
                _ => swap_case(text),
            }
            .into()
        }
        "strip" | "lstrip" | "rstrip" => {
            let [characters] = positional(arguments)?;
            strip(text, name, characters.as_ref())?.into()
        }
        "split" | "rsplit" => split(text, name == "rsplit", arguments)?,
        "splitlines" => {
            let [keep_ends] = arguments.bind(["keepends"])?;
            texts(lines(text, keep_ends.is_some_and(|keep| keep.is_true())))
        }
        "partition" | "rpartition" => partition(text, name == "rpartition", &arguments.one()?)?,
        "startswith" | "endswith" => begins_or_ends(text, name == "startswith", arguments)?.into(),
        "removeprefix" => text.strip_prefix(&*text_of(&arguments.one()?)?).unwrap_or(text).into(),
        "removesuffix" => text.strip_suffix(&*text_of(&arguments.one()?)?).unwrap_or(text).into(),
        "replace" => {
            let [old, new, count] = arguments.bind(["", "", "count"])?;
            let (old, new) = (text_of(&required(old)?)?, text_of(&required(new)?)?);
            replace(text, &old, &new, count.as_ref())?.into()
        }
        "join" => {
            let parts = items(&arguments.one()?)?;
            let parts = parts.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
            parts.join(text).into()
        }
        "find" | "rfind" | "index" | "rindex" | "count" => search(text, name, arguments)?,
        "center" | "ljust" | "rjust" | "zfill" => pad(text, name, arguments)?.into(),
        "format" => format(text, &arguments)?.into(),
        _ if name.starts_with("is") && is_attribute(&text.into(), name) => {
            arguments.none()?;
            has_kind(text, name)?.into()
        }
        _ => return Ok(None),
    }))
}

/// Takes arguments without names.
fn positional<const N: usize>(arguments: Arguments) -> Result<[Option<Value>; N], Error> {
    arguments.bind([""; N])
}

/// Takes an argument that must be a text.
fn text_of(value: &Value) -> Result<String, Error> {
    match kind(value) {
        Kind::Text(_) if value.is_safe() => Err(refuse("a text that is marked as safe among others")),
        Kind::Text(text) => Ok(text.to_owned()),
        _ => Err(refuse(format!("a str is needed, not {}", type_name(value)))),
    }
}

fn number_of(value: Option<&Value>) -> Result<Option<i128>, Error> {
    match value.map(kind) {
        None | Some(Kind::None) => Ok(None),
        Some(Kind::Int(number)) => Ok(Some(number)),
        Some(Kind::Bool(number)) => Ok(Some(number.into())),
        Some(_) => Err(refuse("a number is needed")),
    }
}

fn texts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Value {
    list(parts.into_iter().map(Value::from).collect())
}

pub(in crate::chat) fn strip<'a>(text: &'a str, name: &str, characters: Option<&Value>) -> Result<&'a str, Error> {
    let characters = characters
        .filter(|characters| !characters.is_none())
        .map(text_of)
        .transpose()?;
    let goes = |character: char| match &characters {
        Some(characters) => characters.contains(character),
        None => is_space(character),
    };
    Ok(match name {
        "lstrip" => text.trim_start_matches(goes),
        "rstrip" => text.trim_end_matches(goes),
        _ => text.trim_matches(goes),
    })
}

fn split(text: &str, from_right: bool, arguments: Arguments) -> Result<Value, Error> {
    let [separator, most] = arguments.bind(["sep", "maxsplit"])?;
    let most = number_of(most.as_ref())?
        .and_then(|most| usize::try_from(most).ok())
        .unwrap_or(usize::MAX);
    let parts = match separator.filter(|separator| !separator.is_none()) {
        Some(separator) => {
            let separator = text_of(&separator)?;
            if separator.is_empty() {
                return Err(refuse("a text is split at an empty one"));
            }
            match from_right {
                true => text.rsplitn(most.saturating_add(1), &*separator).collect(),
                false => text.splitn(most.saturating_add(1), &*separator).collect(),
            }
        }
        None => words(text, from_right, most),
    };
    Ok(if from_right {
        texts(parts.into_iter().rev())
    } else {
        texts(parts)
    })
}

/// Words between white space, at most `most` split off; the rest keeps its inner white space. From the right, the last
/// word comes first.
fn words(text: &str, from_right: bool, most: usize) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = if from_right {
        text.trim_end_matches(is_space)
    } else {
        text.trim_start_matches(is_space)
    };
    while !rest.is_empty() {
        let cut = if from_right {
            rest.rfind(is_space)
        } else {
            rest.find(is_space)
        };
        let Some(cut) = cut.filter(|_| words.len() < most) else {
            words.push(rest);
            break;
        };
        let (left, right) = rest.split_at(cut);
        if from_right {
            words.push(right.trim_start_matches(is_space));
            rest = left.trim_end_matches(is_space);
        } else {
            words.push(left);
            rest = right.trim_start_matches(is_space);
        }
    }
    words
}

fn partition(text: &str, from_right: bool, separator: &Value) -> Result<Value, Error> {
    let separator = text_of(separator)?;
    if separator.is_empty() {
        return Err(refuse("a text is split at an empty one"));
    }
    let parts = if from_right {
        text.rsplit_once(&*separator)
    } else {
        text.split_once(&*separator)
    };
    let parts = match (parts, from_right) {
        (Some((before, after)), _) => [before, &separator, after],
        (None, false) => [text, "", ""],
        (None, true) => ["", "", text],
    };
    Ok(tuple(parts.map(Value::from)))
}

fn begins_or_ends(text: &str, begins: bool, arguments: Arguments) -> Result<bool, Error> {
    let [parts] = positional(arguments)?;
    let parts = required(parts)?;
    let parts = match kind(&parts) {
        Kind::Tuple => items(&parts)?,
        _ => vec![parts],
    };
    let parts = parts.iter().map(text_of).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.iter().any(|part| {
        if begins {
            text.starts_with(part)
        } else {
            text.ends_with(part)
        }
    }))
}

pub(in crate::chat) fn replace(text: &str, old: &str, new: &str, count: Option<&Value>) -> Result<String, Error> {
    let count = number_of(count)?.and_then(|count| usize::try_from(count).ok());
    Ok(text.replacen(old, new, count.unwrap_or(usize::MAX)))
}

/// Python's `find`, `index`, `count` and the like; positions count characters.
fn search(text: &str, name: &str, arguments: Arguments) -> Result<Value, Error> {
    let [part] = positional(arguments)?;
    let part = text_of(&required(part)?)?;
    if name == "count" {
        let empty = || text.chars().count() + 1;
        return Ok(if part.is_empty() {
            empty()
        } else {
            text.matches(&*part).count()
        }
        .into());
    }
    let found = if name.starts_with('r') {
        text.rfind(&*part)
    } else {
        text.find(&*part)
    };
    match found {
        Some(at) => Ok(text[..at].chars().count().into()),
        None if name.ends_with("index") => Err(refuse("index of a part that is not in the text")),
        None => Ok((-1).into()),
    }
}

fn pad(text: &str, name: &str, arguments: Arguments) -> Result<String, Error> {
    let [width, fill] = positional(arguments)?;
    let width = number_of(width.as_ref())?.ok_or_else(|| refuse(format!("{name} needs a width")))?;
    let width = usize::try_from(width).unwrap_or(0);
    if width > 1 << 16 {
        return Err(refuse("a text that is too wide"));
    }
    let fill = fill.map_or_else(|| Ok(" ".to_owned()), |fill| text_of(&fill))?;
    if fill.chars().count() != 1 {
        return Err(refuse("a text can only be filled with a single character"));
    }
    let missing = width.saturating_sub(text.chars().count());
    Ok(match name {
        "ljust" => text.to_owned() + &fill.repeat(missing),
        "rjust" => fill.repeat(missing) + text,
        "zfill" => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let sign = &text[..text.len() - digits.len()];
            format!("{sign}{}{digits}", "0".repeat(missing))
        }
        _ => {
            // The side that gets the odd one depends on the width, as in Python.
            let left = missing / 2 + (missing & width & 1);
            fill.repeat(left) + text + &fill.repeat(missing - left)
        }
    })
}
