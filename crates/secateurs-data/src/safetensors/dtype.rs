//! The element types a safetensors header may name: those of the crate `safetensors`.

use safetensors::Dtype;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error;

/// The type that headers call `name`.
pub(crate) fn dtype_named(name: &str) -> Option<Dtype> {
    let name: serde::de::value::StrDeserializer<'_, Error> = name.into_deserializer();
    Dtype::deserialize(name).ok()
}

/// Bytes of a tensor; `None` if that overflows or is no whole number.
pub(crate) fn bytes_of(dtype: Dtype, shape: &[usize]) -> Option<u64> {
    let mut values = 1u64;
    for &size in shape {
        values = values.checked_mul(u64::try_from(size).ok()?)?;
    }
    let bits = values.checked_mul(u64::try_from(dtype.bitsize()).ok()?)?;
    bits.is_multiple_of(8).then_some(bits / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_come_back_by_their_names_and_no_other_name_is_one() {
        for name in ["BOOL", "F4", "F6_E2M3", "F8_E4M3FNUZ", "BF16", "C64", "U64"] {
            assert_eq!(dtype_named(name).expect("a type").to_string(), name);
        }
        for name in ["", "f32", "F33", "F32 ", "0"] {
            assert_eq!(dtype_named(name), None, "{name}");
        }
    }

    #[test]
    fn sizes_are_whole_bytes_that_fit() {
        assert_eq!(bytes_of(Dtype::F6_E2M3, &[2, 4]), Some(6));
        assert_eq!(bytes_of(Dtype::F4, &[3]), None);
        assert_eq!(bytes_of(Dtype::F64, &[1 << 57]), Some(1 << 60));
        assert_eq!(bytes_of(Dtype::F64, &[1 << 58]), None);
        assert_eq!(bytes_of(Dtype::U8, &[1 << 40, 1 << 40]), None);
        assert_eq!(bytes_of(Dtype::F32, &[]), Some(4));
    }
}
