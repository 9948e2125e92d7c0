//! Python's `str.format` and the format of single values.

use minijinja::{Error, Value};

use super::arguments::Arguments;
use super::numbers::Number;
use super::text::{repr, to_text};
use super::values::{Kind, kind, refuse, type_name};

/// Largest width of a field.
const WIDEST: usize = 1 << 16;

/// Python's `"{} {name!r:>8}".format(..)`, without fields inside fields.
pub(in crate::chat) fn format(format: &str, arguments: &Arguments) -> Result<String, Error> {
    let mut text = String::new();
    let mut rest = format;
    let mut fields = Fields {
        arguments,
        next: Some(0),
    };
    while let Some(at) = rest.find(['{', '}']) {
        let (before, after) = rest.split_at(at);
        text.push_str(before);
        rest = match &after[..after.len().min(2)] {
            "{{" | "}}" => {
                text.push_str(&after[..1]);
                &after[2..]
            }
            _ if after.starts_with('}') => return Err(refuse("a format with a single }")),
            _ => {
                let (field, after) = after[1..]
                    .split_once('}')
                    .ok_or_else(|| refuse("a format with an open {"))?;
                text.push_str(&fields.write(field)?);
                after
            }
        };
    }
    text.push_str(rest);
    Ok(text)
}

struct Fields<'a> {
    arguments: &'a Arguments,
    /// The next argument of a `{}`; `None` after fields have been numbered.
    next: Option<usize>,
}

impl Fields<'_> {
    fn write(&mut self, field: &str) -> Result<String, Error> {
        if field.contains(['{', '[', '.']) && !field.contains(':') || field.contains('{') {
            return Err(refuse("a format with a field of a field"));
        }
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = name.split_once('!').unwrap_or((name, ""));
        let value = self.argument(name)?;
        match conversion {
            "" => format_value(&value, spec),
            "s" => format_value(&to_text(&value)?.into(), spec),
            "r" => format_value(&repr(&value)?.into(), spec),
            other => Err(refuse(format!("a format with the conversion {other:?}"))),
        }
    }

    fn argument(&mut self, name: &str) -> Result<Value, Error> {
        let missing = || refuse(format!("a format asks for the argument {name:?}"));
        let Arguments { positional, named } = self.arguments;
        if name.is_empty() {
            let next = self
                .next
                .ok_or_else(|| refuse("a format mixes numbered fields and others"))?;
            self.next = Some(next + 1);
            return positional.get(next).cloned().ok_or_else(missing);
        }
        if let Ok(index) = name.parse::<usize>() {
            if self.next.is_some_and(|next| next > 0) {
                return Err(refuse("a format mixes numbered fields and others"));
            }
            self.next = None;
            return positional.get(index).cloned().ok_or_else(missing);
        }
        let found = named.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).ok_or_else(missing)
    }
}

/// A format specification: `[[fill]align][sign][0][width][,][.precision][type]`.
#[derive(Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    zeros: bool,
    width: usize,
    thousands: bool,
    precision: Option<usize>,
    kind: Option<char>,
}

/// Python's `format(value, spec)`.
fn format_value(value: &Value, spec: &str) -> Result<String, Error> {
    if spec.is_empty() {
        return to_text(value);
    }
    let spec = Spec::parse(spec)?;
    match (kind(value), spec.kind) {
        (Kind::Text(text), None | Some('s')) if spec.sign.is_none() && !spec.thousands => {
            if spec.align == Some('=') || spec.zeros {
                return Err(refuse("a text is padded like a number"));
            }
            let length = spec.precision.unwrap_or(usize::MAX);
            Ok(spec.pad(&text.chars().take(length).collect::<String>(), "", '<'))
        }
        (Kind::Int(_) | Kind::Float(_), _) => spec.number(value),
        (Kind::Bool(_), Some(_)) => spec.number(value),
        _ => Err(refuse(format!("{} does not support this format", type_name(value)))),
    }
}

impl Spec {
    fn parse(text: &str) -> Result<Self, Error> {
        let mut spec = Self::default();
        let characters: Vec<char> = text.chars().collect();
        let mut rest = characters.as_slice();
        let is_align = |character: &char| "<>^=".contains(*character);
        if let [fill, align, others @ ..] = rest
            && is_align(align)
        {
            (spec.fill, spec.align, rest) = (Some(*fill), Some(*align), others);
        } else if let [align, others @ ..] = rest
            && is_align(align)
        {
            (spec.align, rest) = (Some(*align), others);
        }
        let take = |rest: &mut &[char], accepted: &str| match rest {
            [first, others @ ..] if accepted.contains(*first) => {
                let first = *first;
                *rest = others;
                Some(first)
            }
            _ => None,
        };
        spec.sign = take(&mut rest, "+- ");
        spec.zeros = take(&mut rest, "0").is_some();
        spec.width = digits(&mut rest)?.unwrap_or(0);
        spec.thousands = take(&mut rest, ",").is_some();
        if take(&mut rest, ".").is_some() {
            spec.precision =
                Some(digits(&mut rest)?.ok_or_else(|| refuse("a format without precision after the dot"))?);
        }
        spec.kind = take(&mut rest, "sdfFxXob%");
        if rest.is_empty() {
            Ok(spec)
        } else {
            Err(refuse(format!("the format {text:?} is not supported")))
        }
    }

    fn number(&self, value: &Value) -> Result<String, Error> {
        let unknown = || refuse("a number is formatted in a way that is not supported");
        let number = Number::of(value).ok_or_else(unknown)?;
        let (negative, digits) = match (number, self.kind, self.precision) {
            (Number::Int(int), None | Some('d'), None) => (int < 0, int.unsigned_abs().to_string()),
            (Number::Int(int), Some('x'), None) => (int < 0, format!("{:x}", int.unsigned_abs())),
            (Number::Int(int), Some('X'), None) => (int < 0, format!("{:X}", int.unsigned_abs())),
            (Number::Int(int), Some('o'), None) => (int < 0, format!("{:o}", int.unsigned_abs())),
            (Number::Int(int), Some('b'), None) => (int < 0, format!("{:b}", int.unsigned_abs())),
            (Number::Float(float), None, None) => {
                let text = super::text::float_text(float);
                (text.starts_with('-'), text.trim_start_matches('-').to_owned())
            }
            (_, Some('f' | 'F'), precision) => fixed(number, 1.0, precision)?,
            (_, Some('%'), precision) => {
                let (negative, digits) = fixed(number, 100.0, precision)?;
                (negative, digits + "%")
            }
            _ => return Err(unknown()),
        };
        if self.thousands
            && (self.zeros || !matches!(self.kind, None | Some('d' | 'f' | 'F' | '%')) || digits.contains('e'))
        {
            return Err(unknown());
        }
        let digits = if self.thousands { grouped(&digits) } else { digits };
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            _ => "",
        };
        Ok(self.pad(&digits, sign, '>'))
    }

    fn pad(&self, text: &str, sign: &str, usual: char) -> String {
        let length = text.chars().count() + sign.chars().count();
        let missing = self.width.saturating_sub(length);
        let fill = self.fill.unwrap_or(if self.zeros { '0' } else { ' ' });
        let fill = |count: usize| fill.to_string().repeat(count);
        match self.align.unwrap_or(if self.zeros { '=' } else { usual }) {
            '<' => format!("{sign}{text}{}", fill(missing)),
            '^' => format!("{}{sign}{text}{}", fill(missing / 2), fill(missing - missing / 2)),
            '=' => format!("{sign}{}{text}", fill(missing)),
            _ => format!("{}{sign}{text}", fill(missing)),
        }
    }
}

/// Sign and digits of a number with decimals, six by default.
pub(in crate::chat) fn fixed(number: Number, times: f64, precision: Option<usize>) -> Result<(bool, String), Error> {
    let float = match number {
        Number::Float(float) if float.is_finite() => float * times,
        Number::Int(int) if int.abs() < 1 << 53 => int as f64 * times,
        _ => return Err(refuse("a number that has no decimals")),
    };
    Ok((
        float.is_sign_negative(),
        format!("{:.*}", precision.unwrap_or(6), float.abs()),
    ))
}

fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.split_at(digits.find(['.', '%']).unwrap_or(digits.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

/// Takes off the number at the start.
pub(in crate::chat) fn digits(rest: &mut &[char]) -> Result<Option<usize>, Error> {
    let count = rest.iter().take_while(|character| character.is_ascii_digit()).count();
    if count == 0 {
        return Ok(None);
    }
    let number: String = rest[..count].iter().collect();
    *rest = &rest[count..];
    let number = number.parse().ok().filter(|number| *number <= WIDEST);
    number.map(Some).ok_or_else(|| refuse("a format that is too wide"))
}
