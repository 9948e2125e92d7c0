//! Python's `format % values`.

use minijinja::{Error, Value};

use super::formats::{digits, fixed};
use super::numbers::Number;
use super::text::{repr, to_text};
use super::values::{Kind, items, kind, refuse, type_name};

/// A conversion specifier, `%[(key)][-0+ ][width][.precision]type`.
#[derive(Default)]
struct Directive {
    left: bool,
    zeros: bool,
    sign: Option<char>,
    width: usize,
    precision: Option<usize>,
}

/// The values of a format: a tuple, a dict for named ones, or a single one.
struct Values<'a> {
    all: &'a Value,
    positional: Vec<Value>,
    n_used: usize,
}

/// Python's `"%s: %d" % (name, count)`.
pub(in crate::chat) fn printf(format: &str, values: &Value) -> Result<String, Error> {
    let positional = match kind(values) {
        Kind::Tuple => items(values)?,
        _ => vec![values.clone()],
    };
    let mut values = Values {
        all: values,
        positional,
        n_used: 0,
    };
    let mut text = String::new();
    let characters: Vec<char> = format.chars().collect();
    let mut rest = characters.as_slice();
    while let [first, others @ ..] = rest {
        rest = others;
        match (first, others) {
            ('%', ['%', others @ ..]) => {
                text.push('%');
                rest = others;
            }
            ('%', _) => text.push_str(&directive(&mut rest, &mut values)?),
            _ => text.push(*first),
        }
    }
    // A dict or list may be left unused, since it might have been meant for names or subscripts.
    let may_be_left = matches!(kind(values.all), Kind::Dict(_) | Kind::List);
    if values.n_used < values.positional.len() && !may_be_left {
        return Err(refuse("not all values of a format are used"));
    }
    Ok(text)
}

fn directive(rest: &mut &[char], values: &mut Values<'_>) -> Result<String, Error> {
    let value = match rest {
        ['(', others @ ..] => {
            let end = others.iter().position(|character| *character == ')');
            let end = end.ok_or_else(|| refuse("a format with an open name"))?;
            let key: String = others[..end].iter().collect();
            *rest = &others[end + 1..];
            Some(values.named(&key)?)
        }
        _ => None,
    };
    let mut directive = Directive::default();
    while let [flag @ ('-' | '0' | '+' | ' '), others @ ..] = rest {
        match flag {
            '-' => directive.left = true,
            '0' => directive.zeros = true,
            '+' => directive.sign = Some('+'),
            _ => directive.sign = directive.sign.or(Some(' ')),
        }
        *rest = others;
    }
    directive.width = digits(rest)?.unwrap_or(0);
    if let ['.', others @ ..] = rest {
        *rest = others;
        directive.precision = Some(digits(rest)?.unwrap_or(0));
    }
    let [letter, others @ ..] = rest else {
        return Err(refuse("a format ends within a specifier"));
    };
    *rest = others;
    let value = match value {
        Some(value) => value,
        None => values.next()?,
    };
    directive.write(*letter, &value)
}

impl Values<'_> {
    fn named(&mut self, key: &str) -> Result<Value, Error> {
        self.n_used = usize::MAX;
        match kind(self.all) {
            Kind::Dict(_) => {
                let value = self.all.get_item(&key.into())?;
                if value.is_undefined() {
                    Err(refuse(format!("a format asks for the key {key:?}")))
                } else {
                    Ok(value)
                }
            }
            _ => Err(refuse("a format with names needs a dict")),
        }
    }

    fn next(&mut self) -> Result<Value, Error> {
        let value = self.positional.get(self.n_used).cloned();
        self.n_used = self.n_used.saturating_add(1);
        value.ok_or_else(|| refuse("too few values for a format"))
    }
}

impl Directive {
    fn write(&self, letter: char, value: &Value) -> Result<String, Error> {
        let text = match letter {
            's' => self.cut(&to_text(value)?),
            'r' => self.cut(&repr(value)?),
            'c' => return self.character(value),
            'd' | 'i' | 'u' | 'f' | 'F' | 'x' | 'X' | 'o' => return self.number(letter, value),
            other => return Err(refuse(format!("a format with %{other}"))),
        };
        Ok(self.pad("", &text, ' '))
    }

    fn cut(&self, text: &str) -> String {
        text.chars().take(self.precision.unwrap_or(usize::MAX)).collect()
    }

    fn character(&self, value: &Value) -> Result<String, Error> {
        let mut characters = value.as_str().unwrap_or_default().chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(self.pad("", &character.to_string(), ' ')),
            _ => Err(refuse("%c needs a text of one character")),
        }
    }

    fn number(&self, letter: char, value: &Value) -> Result<String, Error> {
        let wrong = || refuse(format!("%{letter} cannot format {}", type_name(value)));
        let number = Number::of(value).ok_or_else(wrong)?;
        let (is_negative, digits) = match (letter, number) {
            ('f' | 'F', _) => fixed(number, 1.0, self.precision)?,
            ('d' | 'i' | 'u', Number::Float(float)) if float.abs() < 9e15 => {
                let whole = float.trunc() as i64;
                (whole < 0, whole.unsigned_abs().to_string())
            }
            ('d' | 'i' | 'u', Number::Int(int)) => (int < 0, int.unsigned_abs().to_string()),
            ('x', Number::Int(int)) => (int < 0, format!("{:x}", int.unsigned_abs())),
            ('X', Number::Int(int)) => (int < 0, format!("{:X}", int.unsigned_abs())),
            ('o', Number::Int(int)) => (int < 0, format!("{:o}", int.unsigned_abs())),
            _ => return Err(wrong()),
        };
        let is_whole = !matches!(letter, 'f' | 'F');
        let least = if is_whole { self.precision.unwrap_or(0) } else { 0 };
        let digits = format!("{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
        let sign = match (is_negative, self.sign) {
            (true, _) => "-".to_owned(),
            (false, sign) => sign.map(String::from).unwrap_or_default(),
        };
        Ok(self.pad(&sign, &digits, if self.zeros { '0' } else { ' ' }))
    }

    fn pad(&self, sign: &str, text: &str, fill: char) -> String {
        let missing = self.width.saturating_sub(sign.len() + text.chars().count());
        let missing = |fill: char| fill.to_string().repeat(missing);
        match (self.left, fill) {
            (true, _) => format!("{sign}{text}{}", missing(' ')),
            (false, '0') => format!("{sign}{}{text}", missing('0')),
            (false, _) => format!("{}{sign}{text}", missing(' ')),
        }
    }
}
