//! Fast search for NaN and infinity in stored floats.

use rayon::prelude::*;

use crate::FloatType;

/// Number of values that one task examines.
const CHUNK: usize = 1 << 16;

/// Bytes of a mapped file that are examined before they are given back to the system; a multiple of the size of a
/// float.
pub(crate) const SCANNED_BYTES: usize = 1 << 26;

/// Whether all little-endian floats in `bytes` are finite, that is, no exponent has all its bits set.
pub(crate) fn all_finite(float_type: FloatType, bytes: &[u8]) -> bool {
    bytes
        .par_chunks(CHUNK * float_type.size())
        .all(|chunk| match float_type {
            FloatType::F32 => finite_words(chunk),
            FloatType::F16 => finite_halves(chunk, 0x7c00),
            FloatType::Bf16 => finite_halves(chunk, 0x7f80),
        })
}

/// Whether all 16-bit floats are finite, by their largest exponent: a maximum instead of single comparisons keeps the loop
/// free of branches, so that it becomes vector instructions.
fn finite_halves(bytes: &[u8], exponent: i16) -> bool {
    let exponents = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|raw| i16::from_le_bytes(*raw) & exponent);
    exponents.fold(0, i16::max) < exponent
}

fn finite_words(bytes: &[u8]) -> bool {
    const EXPONENT: i32 = 0x7f80_0000;
    let exponents = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|raw| i32::from_le_bytes(*raw) & EXPONENT);
    exponents.fold(0, i32::max) < EXPONENT
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};

    use super::*;

    #[test]
    fn every_half_is_judged_as_the_half_crate_judges_it() {
        for bits in 0..=u16::MAX {
            let bytes = [0, 0, 0, 0].into_iter().chain(bits.to_le_bytes()).collect::<Vec<u8>>();
            assert_eq!(
                all_finite(FloatType::F16, &bytes),
                f16::from_bits(bits).is_finite(),
                "{bits:#x}"
            );
            assert_eq!(
                all_finite(FloatType::Bf16, &bytes),
                bf16::from_bits(bits).is_finite(),
                "{bits:#x}"
            );
        }
    }

    #[test]
    fn one_value_among_many_is_found_wherever_it_is() {
        let n = 2 * CHUNK + 5;
        for (at, value) in [
            (0, f32::NAN),
            (CHUNK - 1, f32::INFINITY),
            (CHUNK, f32::NEG_INFINITY),
            (n - 1, -f32::NAN),
        ] {
            let mut values = vec![f32::MAX; n];
            let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
            assert!(all_finite(FloatType::F32, &bytes(&values)));
            values[at] = value;
            assert!(!all_finite(FloatType::F32, &bytes(&values)), "{at}");
        }
        assert!(all_finite(FloatType::F32, &[]));
        assert!(all_finite(FloatType::F32, &f32::MIN_POSITIVE.to_le_bytes()));
    }
}
