//! The 8-bit float e4m3: four exponent bits, three mantissa bits, no infinity.

/// The largest finite value.
pub(crate) const MAX: f32 = 448.0;
/// Smallest normal exponent; smaller numbers are multiples of `2^-9`.
const MIN_EXPONENT: i32 = -6;
const NAN: u8 = 0x7f;

/// The nearest e4m3 number (`e4m3fn` of other programs); ties go to the even one, numbers too large to the largest.
///
/// # Examples
///
/// ```
/// use secateurs_train::{e4m3_from_f32, e4m3_to_f32};
///
/// assert_eq!(e4m3_to_f32(e4m3_from_f32(0.3)), 0.3125);
/// assert_eq!(e4m3_to_f32(e4m3_from_f32(-1e9)), -448.0);
/// assert_eq!(e4m3_from_f32(0.0), 0);
/// ```
pub fn e4m3_from_f32(value: f32) -> u8 {
    let sign = ((value.to_bits() >> 24) & 0x80) as u8;
    if value.is_nan() {
        return sign | NAN;
    }
    let magnitude = value.abs().min(MAX);
    let exponent = ((magnitude.to_bits() >> 23) as i32 - 127).max(MIN_EXPONENT);
    // A step is 2^(exponent - 3): the quotient is exact, and rounding it may carry into the next exponent by itself.
    let steps = (magnitude * exp2(3 - exponent)).round_ties_even() as i32;
    // From 8 steps on a number is normal; the first of each exponent has no mantissa bits.
    let code = (exponent - MIN_EXPONENT) * 8 + steps;
    sign | code as u8
}

/// The value of an e4m3 number.
pub fn e4m3_to_f32(code: u8) -> f32 {
    let bits = i32::from(code & 0x7f);
    if bits == i32::from(NAN) {
        return f32::NAN;
    }
    let (exponent, mantissa) = (bits >> 3, bits & 7);
    let magnitude = match exponent {
        0 => mantissa as f32 * exp2(MIN_EXPONENT - 3),
        _ => (8 + mantissa) as f32 * exp2(exponent - 1 + MIN_EXPONENT - 3),
    };
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// `2^exponent` of a normal f32.
fn exp2(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_survives_and_every_value_goes_to_its_nearest_neighbour() {
        let values: Vec<f32> = (0..0x7f).map(e4m3_to_f32).collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(
            (values[1], values[8], values[0x7e]),
            (2f32.powi(-9), 2f32.powi(-6), 448.0)
        );
        for code in 0..=255u8 {
            let value = e4m3_to_f32(code);
            if !value.is_nan() && value != 0.0 {
                assert_eq!(e4m3_from_f32(value), code);
            }
        }
        for step in 0..100_000 {
            let value = step as f32 * 0.0049 - 230.0;
            let got = e4m3_to_f32(e4m3_from_f32(value));
            let nearest = values
                .iter()
                .map(|v| (v - value.abs()).abs())
                .fold(f32::INFINITY, f32::min);
            assert_eq!((got - value).abs(), nearest, "{value} became {got}");
            if value.abs() >= 2f32.powi(-6) {
                assert!((got / value - 1.0).abs() <= 1.0 / 16.0);
            }
        }
    }

    #[test]
    fn ties_go_to_even_and_nan_stays() {
        // 17 lies between 16 (mantissa 0) and 18 (mantissa 1), 19 between 18 and 20.
        assert_eq!(e4m3_to_f32(e4m3_from_f32(17.0)), 16.0);
        assert_eq!(e4m3_to_f32(e4m3_from_f32(19.0)), 20.0);
        assert!(e4m3_to_f32(e4m3_from_f32(f32::NAN)).is_nan());
        assert_eq!(e4m3_to_f32(e4m3_from_f32(f32::INFINITY)), 448.0);
        assert_eq!(e4m3_from_f32(-0.0), 0x80);
    }
}
