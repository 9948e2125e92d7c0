//! Numbers of Python and NumPy in YAML.

use super::yaml::{Node, Value};

/// A whole number from 0 on.
pub(super) fn whole_number(node: &Node) -> Option<usize> {
    match &node.value {
        Value::Scalar(text) if node.tag.is_empty() || node.tag == "!!int" => text.replace('_', "").parse().ok(),
        _ => {
            let scalar = NumpyScalar::read(node)?;
            match scalar.kind {
                'i' | 'u' => usize::try_from(scalar.bits).ok().filter(|_| !scalar.is_negative()),
                _ => None,
            }
        }
    }
}

/// The value of a flag; none if the node holds no flag.
pub(super) fn flag(node: &Node) -> Option<bool> {
    match node.text() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => None,
        None => NumpyScalar::read(node)
            .filter(|scalar| scalar.kind == 'b')
            .map(|scalar| scalar.bits != 0),
    }
}

/// A number with its bytes: `numpy._core.multiarray.scalar` of a type and a text in base 64.
struct NumpyScalar {
    /// Kind of the number: `i` for whole numbers, `u` for those without a sign, `b` for flags.
    kind: char,
    n_bytes: usize,
    bits: u64,
}

impl NumpyScalar {
    fn read(node: &Node) -> Option<Self> {
        let is_scalar = node.tag.starts_with("!!python/object/apply:numpy") && node.tag.ends_with(".multiarray.scalar");
        let (dtype, bytes) = match node.items().filter(|_| is_scalar)? {
            [dtype, bytes] => (dtype, bytes),
            _ => return None,
        };
        let name = dtype.get("args")?.items()?.first()?.text()?;
        let mut bytes = from_base64(bytes.text()?)?;
        let order = dtype.get("state").and_then(|state| state.items()?.get(1)?.text());
        if order == Some(">") {
            bytes.reverse();
        }
        let n_bytes: usize = name.get(1..)?.parse().ok()?;
        if bytes.len() != n_bytes || n_bytes > 8 {
            return None;
        }
        let bits = bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        let kind = name.chars().next()?;
        Some(Self { kind, n_bytes, bits })
    }

    fn is_negative(&self) -> bool {
        self.kind == 'i' && self.bits >> (8 * self.n_bytes - 1) == 1
    }
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut n_bits) = (0u32, 0);
    for c in text.chars().filter(|c| !c.is_whitespace()).take_while(|c| *c != '=') {
        let value = match c {
            'A'..='Z' => u32::from(c) - u32::from('A'),
            'a'..='z' => u32::from(c) - u32::from('a') + 26,
            '0'..='9' => u32::from(c) - u32::from('0') + 52,
            '+' => 62,
            '/' => 63,
            _ => return None,
        };
        (bits, n_bits) = ((bits << 6 | value) & 0xffff, n_bits + 6);
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits & 0xff) as u8);
        }
    }
    Some(bytes)
}
