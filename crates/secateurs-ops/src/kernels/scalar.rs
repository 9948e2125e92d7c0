//! Branch-free scalar building blocks that the compiler turns into vector code where they are inlined.

use std::f32::consts::LOG2_E;

/// Number of independent partial results of a reduction: two AVX-512 vectors.
const LANES: usize = 32;

/// `exp(x)` with a relative error below 1e-7 for `x` in [-87.3, 88.3], clamped to that interval outside; NaN stays NaN.
///
/// `x = n ln 2 + r` with `|r| <= ln(2) / 2`, a polynomial of degree 7 in `r` (the coefficients of the Cephes library),
/// and `n` added to the exponent bits. No fused multiply-add, so that the result is the same on every processor.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to an integer in the low bits
    let x = if x > 88.37 { 88.37 } else { x };
    let x = if x < -87.33 { -87.33 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    (p * (r * r) + r + 1.0) * power
}

/// The logistic function `1 / (1 + exp(-x))`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The larger value; NaN in `x` is kept.
#[inline(always)]
fn larger(acc: f32, x: f32) -> f32 {
    if acc > x { acc } else { x }
}

/// The largest element, or -inf if there is none.
#[inline(always)]
pub(crate) fn max(values: &[f32]) -> f32 {
    let chunks = values.chunks_exact(LANES);
    let rest = chunks
        .remainder()
        .iter()
        .fold(f32::NEG_INFINITY, |acc, &x| larger(acc, x));
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*lane, x);
        }
    }
    lanes.iter().fold(rest, |acc, &x| larger(acc, x))
}

/// Computes `sum_i f(a_i, b_i)` in a fixed order.
#[inline(always)]
pub(crate) fn sum_zip(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 = chunks_a
        .remainder()
        .iter()
        .zip(chunks_b.remainder())
        .map(|(&a, &b)| f(a, b))
        .sum();
    let mut lanes = [0.0f32; LANES];
    for (a, b) in chunks_a.zip(chunks_b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(a, b);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// Computes `sum_i exp(x_i - shift)`.
#[inline(always)]
pub(crate) fn sum_exp(values: &[f32], shift: f32) -> f32 {
    sum_zip(values, values, |x, _| exp(x - shift))
}

/// Replaces each `x` by `exp(x - shift)` and returns the sum.
#[inline(always)]
pub(crate) fn exp_in_place(values: &mut [f32], shift: f32) -> f32 {
    let mut chunks = values.chunks_exact_mut(LANES);
    let mut lanes = [0.0f32; LANES];
    for chunk in &mut chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *x = exp(*x - shift);
            *lane += *x;
        }
    }
    let rest = chunks.into_remainder().iter_mut().map(|x| {
        *x = exp(*x - shift);
        *x
    });
    let rest: f32 = rest.sum();
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    vectorised! {
        fn exp_vectorised(x: &'a [f32], y: &'a mut [f32]) {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = exp(x);
            }
        }
    }

    #[test]
    fn exp_is_within_1e_7_of_f64_and_the_same_bits_in_vector_code() {
        let x: Vec<f32> = (0..200_003).map(|i| -87.3 + i as f32 * (175.6 / 200_003.0)).collect();
        let mut y = vec![0.0; x.len()];
        exp_vectorised(&x, &mut y);
        for (&x, &y) in x.iter().zip(&y) {
            assert_eq!(y.to_bits(), exp(x).to_bits(), "x = {x}");
            let exact = f64::from(x).exp();
            assert!(
                (f64::from(y) / exact - 1.0).abs() < 1e-7,
                "x = {x}: {y} against {exact}"
            );
        }
    }

    #[test]
    fn exp_saturates_and_keeps_nan() {
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::NEG_INFINITY) < 1.3e-38);
        assert!(exp(f32::INFINITY) > 2e38);
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn reductions_cover_every_length() {
        for n in 0..100 {
            let x: Vec<f32> = (0..n).map(|i| ((i * 7) % 13) as f32).collect();
            let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(max(&x), largest);
            assert_eq!(sum_zip(&x, &x, |a, b| a + b), 2.0 * x.iter().sum::<f32>());
            let mut y = x.clone();
            assert_eq!(exp_in_place(&mut y, 3.0), sum_exp(&x, 3.0));
            assert!(y.iter().zip(&x).all(|(&y, &x)| y == exp(x - 3.0)));
        }
    }
}
