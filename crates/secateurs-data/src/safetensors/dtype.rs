//! The element types a safetensors header may name.

/// An element type: its name in the header and its size in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    pub(crate) name: &'static str,
    bits: u64,
}

const ALL: [Dtype; 20] = [
    dtype("BOOL", 8),
    dtype("F4", 4),
    dtype("F6_E2M3", 6),
    dtype("F6_E3M2", 6),
    dtype("U8", 8),
    dtype("I8", 8),
    dtype("F8_E5M2", 8),
    dtype("F8_E4M3", 8),
    dtype("F8_E8M0", 8),
    dtype("I16", 16),
    dtype("U16", 16),
    dtype("F16", 16),
    dtype("BF16", 16),
    dtype("I32", 32),
    dtype("U32", 32),
    dtype("F32", 32),
    dtype("C64", 64),
    dtype("F64", 64),
    dtype("I64", 64),
    dtype("U64", 64),
];

const fn dtype(name: &'static str, bits: u64) -> Dtype {
    Dtype { name, bits }
}

impl Dtype {
    /// The type with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|dtype| dtype.name == name)
    }

    /// Number of bytes of a tensor of this type; `None` if it overflows or is not whole.
    pub(crate) fn bytes_of(self, shape: &[usize]) -> Option<u64> {
        let mut values = 1u64;
        for &size in shape {
            values = values.checked_mul(u64::try_from(size).ok()?)?;
        }
        let bits = values.checked_mul(self.bits)?;
        bits.is_multiple_of(8).then_some(bits / 8)
    }
}
