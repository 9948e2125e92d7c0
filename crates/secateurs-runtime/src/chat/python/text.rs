//! Python's `str` and `repr`.

use minijinja::{Error, Value};

use super::values::{Kind, items, kind, refuse, type_name};

/// The text that a template prints for a value.
pub(in crate::chat) fn to_text(value: &Value) -> Result<String, Error> {
    match kind(value) {
        Kind::Text(text) => Ok(text.to_owned()),
        Kind::Undefined => Ok(String::new()),
        _ => repr(value),
    }
}

/// The text of a value inside a printed list.
pub(in crate::chat) fn repr(value: &Value) -> Result<String, Error> {
    let joined = |items: Vec<Value>| Ok::<_, Error>(items.iter().map(repr).collect::<Result<Vec<_>, _>>()?.join(", "));
    Ok(match kind(value) {
        Kind::Undefined => "Undefined".to_owned(),
        Kind::None => "None".to_owned(),
        Kind::Bool(true) => "True".to_owned(),
        Kind::Bool(false) => "False".to_owned(),
        Kind::Int(int) => int.to_string(),
        Kind::Float(float) => float_text(float),
        Kind::Text(_) if value.is_safe() => return Err(refuse("Python prints a text marked as safe as an object")),
        Kind::Text(text) => quoted(text),
        Kind::List => format!("[{}]", joined(items(value)?)?),
        Kind::Tuple => match items(value)?.as_slice() {
            [only] => format!("({},)", repr(only)?),
            several => format!("({})", joined(several.to_vec())?),
        },
        Kind::Dict(dict) => {
            let entries = dict
                .entries()
                .iter()
                .map(|(key, value)| Ok(format!("{}: {}", repr(key)?, repr(value)?)));
            format!("{{{}}}", entries.collect::<Result<Vec<_>, Error>>()?.join(", "))
        }
        Kind::Stream(_) | Kind::Object => {
            return Err(refuse(format!(
                "Python prints {} as an address in memory",
                type_name(value)
            )));
        }
    })
}

/// The shortest decimal number that is read as the same float, with an exponent where Python has one.
pub(in crate::chat) fn float_text(float: f64) -> String {
    if float.is_nan() {
        return "nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if float != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = float.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}

/// A text in quotes, escaped as Python escapes it.
fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut quoted = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if character == quote => quoted.extend(['\\', quote]),
            _ if is_printable(character) => quoted.push(character),
            _ => quoted.push_str(&code(character)),
        }
    }
    quoted.push(quote);
    quoted
}

fn code(character: char) -> String {
    match u32::from(character) {
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// Checks that Rust's table of characters that are not escaped equals Python's; marks that would join a quote are
/// tested after a letter.
fn is_printable(character: char) -> bool {
    let after_letter = String::from_iter(['a', character]);
    matches!(character, '\'' | '"') || after_letter.escape_debug().eq(after_letter.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_and_quotes_are_those_of_python() {
        for (float, expected) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (1e15, "1000000000000000.0"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (1e300, "1e+300"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(float_text(float), expected);
        }
        for (text, expected) in [
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            ("a\u{a0}\u{7f}\u{2028}\u{301}é😀", "'a\\xa0\\x7f\\u2028\u{301}é😀'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
