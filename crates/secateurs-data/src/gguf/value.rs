//! Metadata values.

use std::collections::BTreeMap;

use super::cursor::Cursor;

/// Largest depth of arrays inside arrays; no file needs more.
const MAX_DEPTH: usize = 4;

/// Metadata by key.
pub(crate) type Metadata = BTreeMap<String, Value>;

/// A metadata value. Numbers are kept in the widest type of their kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Array(Array),
}

/// An array; all its elements have one type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Array {
    Unsigned(Vec<u64>),
    Signed(Vec<i64>),
    Float(Vec<f64>),
    Bool(Vec<bool>),
    Text(Vec<String>),
    Arrays(Vec<Array>),
}

impl Value {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, String> {
        let kind = cursor.u32()?;
        Ok(match kind {
            0 => Self::Unsigned(unsigned::<1>(cursor)?),
            2 => Self::Unsigned(unsigned::<2>(cursor)?),
            4 => Self::Unsigned(unsigned::<4>(cursor)?),
            10 => Self::Unsigned(unsigned::<8>(cursor)?),
            1 => Self::Signed(signed::<1>(cursor)?),
            3 => Self::Signed(signed::<2>(cursor)?),
            5 => Self::Signed(signed::<4>(cursor)?),
            11 => Self::Signed(signed::<8>(cursor)?),
            6 => Self::Float(float(cursor)?),
            12 => Self::Float(double(cursor)?),
            7 => Self::Bool(boolean(cursor)?),
            8 => Self::Text(cursor.text()?.to_owned()),
            9 => Self::Array(Array::read(cursor, 1)?),
            _ => return Err(unknown_kind(kind, cursor)),
        })
    }

    pub(super) fn is_array(&self) -> bool {
        matches!(self, Self::Array(_))
    }

    /// The value in words, shortened.
    pub(super) fn preview(&self) -> String {
        const LONGEST: usize = 60;
        let text = match self {
            Self::Unsigned(value) => value.to_string(),
            Self::Signed(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Text(value) => format!("{value:?}"),
            Self::Array(_) => return "a list".to_owned(),
        };
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}..", &text[..end]),
            None => text,
        }
    }

    pub(crate) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            Self::Signed(value) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Unsigned(value) => Some(*value as f64),
            Self::Signed(value) => Some(*value as f64),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn as_texts(&self) -> Option<&[String]> {
        match self {
            Self::Array(Array::Text(values)) => Some(values),
            _ => None,
        }
    }

    pub(crate) fn as_floats(&self) -> Option<&[f64]> {
        match self {
            Self::Array(Array::Float(values)) => Some(values),
            _ => None,
        }
    }

    /// Elements of an integer array; negative ones are refused.
    pub(crate) fn as_u64s(&self) -> Option<Vec<u64>> {
        match self {
            Self::Array(Array::Unsigned(values)) => Some(values.clone()),
            Self::Array(Array::Signed(values)) => values.iter().map(|&value| u64::try_from(value).ok()).collect(),
            _ => None,
        }
    }
}

impl Array {
    fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Self, String> {
        let kind = cursor.u32()?;
        Ok(match kind {
            0 => Self::Unsigned(items(cursor, 1, unsigned::<1>)?),
            2 => Self::Unsigned(items(cursor, 2, unsigned::<2>)?),
            4 => Self::Unsigned(items(cursor, 4, unsigned::<4>)?),
            10 => Self::Unsigned(items(cursor, 8, unsigned::<8>)?),
            1 => Self::Signed(items(cursor, 1, signed::<1>)?),
            3 => Self::Signed(items(cursor, 2, signed::<2>)?),
            5 => Self::Signed(items(cursor, 4, signed::<4>)?),
            11 => Self::Signed(items(cursor, 8, signed::<8>)?),
            6 => Self::Float(items(cursor, 4, |cursor| single(cursor).map(f64::from))?),
            12 => Self::Float(items(cursor, 8, double)?),
            7 => Self::Bool(items(cursor, 1, boolean)?),
            8 => Self::Text(items(cursor, 8, |cursor| cursor.text().map(str::to_owned))?),
            9 if depth < MAX_DEPTH => Self::Arrays(items(cursor, 12, |cursor| Self::read(cursor, depth + 1))?),
            9 => {
                return Err(format!(
                    "arrays are nested more than {MAX_DEPTH} deep at byte {}",
                    cursor.position()
                ));
            }
            _ => return Err(unknown_kind(kind, cursor)),
        })
    }
}

fn items<'a, T>(
    cursor: &mut Cursor<'a>,
    item_bytes: usize,
    read: impl Fn(&mut Cursor<'a>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let count = cursor.count(item_bytes)?;
    (0..count).map(|_| read(cursor)).collect()
}

fn unsigned<const N: usize>(cursor: &mut Cursor<'_>) -> Result<u64, String> {
    let mut wide = [0; 8];
    wide[..N].copy_from_slice(cursor.take(N)?);
    Ok(u64::from_le_bytes(wide))
}

fn signed<const N: usize>(cursor: &mut Cursor<'_>) -> Result<i64, String> {
    // Shifting the sign bit to the top and back copies it into the added bits.
    let unused = 64 - 8 * N as u32;
    Ok(((unsigned::<N>(cursor)? << unused) as i64) >> unused)
}

fn single(cursor: &mut Cursor<'_>) -> Result<f32, String> {
    cursor.array().map(f32::from_le_bytes)
}

fn float(cursor: &mut Cursor<'_>) -> Result<f64, String> {
    let value = single(cursor)?;
    // The decimal that the writer meant: 1e-5, not 9.999999747378752e-6.
    Ok(value.to_string().parse().unwrap_or(f64::from(value)))
}

fn double(cursor: &mut Cursor<'_>) -> Result<f64, String> {
    cursor.array().map(f64::from_le_bytes)
}

fn boolean(cursor: &mut Cursor<'_>) -> Result<bool, String> {
    let at = cursor.position();
    match cursor.take(1)? {
        [0] => Ok(false),
        [1] => Ok(true),
        other => Err(format!("the truth value at byte {at} is {}", other[0])),
    }
}

fn unknown_kind(kind: u32, cursor: &Cursor<'_>) -> String {
    format!(
        "byte {} is in a metadata value of unknown type {kind}",
        cursor.position()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: u32, payload: &[u8]) -> Result<Value, String> {
        let bytes = [&kind.to_le_bytes(), payload].concat();
        Value::read(&mut Cursor::new(&bytes))
    }

    #[test]
    fn every_type_is_read() {
        assert_eq!(read(0, &[200]), Ok(Value::Unsigned(200)));
        assert_eq!(read(1, &[200]), Ok(Value::Signed(-56)));
        assert_eq!(read(2, &[1, 2]), Ok(Value::Unsigned(513)));
        assert_eq!(read(3, &[254, 255]), Ok(Value::Signed(-2)));
        assert_eq!(read(4, &7u32.to_le_bytes()), Ok(Value::Unsigned(7)));
        assert_eq!(read(5, &(-7i32).to_le_bytes()), Ok(Value::Signed(-7)));
        assert_eq!(read(6, &1e-5f32.to_le_bytes()), Ok(Value::Float(1e-5)));
        assert_eq!(read(7, &[1]), Ok(Value::Bool(true)));
        assert_eq!(read(8, b"\x02\0\0\0\0\0\0\0ab"), Ok(Value::Text("ab".into())));
        assert_eq!(read(10, &u64::MAX.to_le_bytes()), Ok(Value::Unsigned(u64::MAX)));
        assert_eq!(read(11, &i64::MIN.to_le_bytes()), Ok(Value::Signed(i64::MIN)));
        assert_eq!(read(12, &0.1f64.to_le_bytes()), Ok(Value::Float(0.1)));
        assert_eq!(
            read(9, b"\x01\0\0\0\x02\0\0\0\0\0\0\0\x01\xff"),
            Ok(Value::Array(Array::Signed(vec![1, -1])))
        );
    }

    #[test]
    fn bad_values_are_errors() {
        assert!(read(13, &[0; 16]).is_err());
        assert!(read(7, &[2]).is_err());
        assert!(read(8, b"\x02\0\0\0\0\0\0\0\xff\xff").is_err());
        assert!(read(8, &u64::MAX.to_le_bytes()).is_err());
        // An array of 2^62 numbers in 16 bytes.
        assert!(
            read(
                9,
                &[&4u32.to_le_bytes()[..], &(1u64 << 62).to_le_bytes(), &[0; 16]].concat()
            )
            .is_err()
        );
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_stack_overflow() {
        let one_array = [&9u32.to_le_bytes()[..], &1u64.to_le_bytes()].concat();
        assert!(read(9, &one_array.repeat(100_000)).is_err());
    }
}
