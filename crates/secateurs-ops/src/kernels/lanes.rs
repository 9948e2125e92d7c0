//! Loops over 32 vectors side by side.

use super::scalar::{exp, sigmoid};

/// Vectors that lie side by side.
pub const LANES: usize = 32;

vectorised! {
    pub(crate) fn rms_norm(x: &'a [[f32; LANES]], weight: &'a [f32], eps: f32, out: &'a mut [[f32; LANES]]) {
        let mut squares = [0.0f32; LANES];
        for row in x {
            for (square, x) in squares.iter_mut().zip(row) {
                *square += x * x;
            }
        }
        let inverse = squares.map(|square| 1.0 / (square / weight.len() as f32 + eps).sqrt());
        for ((out, row), &weight) in out.iter_mut().zip(x).zip(weight) {
            for ((out, x), inverse) in out.iter_mut().zip(row).zip(&inverse) {
                *out = x * inverse * weight;
            }
        }
    }

    pub(crate) fn rope(x: &'a mut [[f32; LANES]], cos: &'a [[f32; LANES]], sin: &'a [[f32; LANES]]) {
        let (first, second) = x.split_at_mut(cos.len());
        for ((a, b), (cos, sin)) in first.iter_mut().zip(second).zip(cos.iter().zip(sin)) {
            for lane in 0..LANES {
                let (x, y) = (a[lane], b[lane]);
                a[lane] = x * cos[lane] - y * sin[lane];
                b[lane] = y * cos[lane] + x * sin[lane];
            }
        }
    }

    pub(crate) fn swiglu(gate: &'a mut [[f32; LANES]], up: &'a [[f32; LANES]]) {
        for (gate, up) in gate.iter_mut().zip(up) {
            for (gate, up) in gate.iter_mut().zip(up) {
                *gate = *gate * sigmoid(*gate) * up;
            }
        }
    }

    /// Replaces each `x` by `exp(scale (x - max))` and returns the sums.
    pub(crate) fn exponentiate(rows: &'a mut [[f32; LANES]], scale: f32) -> [f32; LANES] {
        let mut largest = [f32::NEG_INFINITY; LANES];
        for row in &*rows {
            for (largest, &x) in largest.iter_mut().zip(row) {
                // NaN is kept.
                *largest = if *largest > x { *largest } else { x };
            }
        }
        let mut sums = [0.0f32; LANES];
        for row in rows {
            for ((x, largest), sum) in row.iter_mut().zip(&largest).zip(&mut sums) {
                *x = exp((*x - largest) * scale);
                *sum += *x;
            }
        }
        sums
    }

    pub(crate) fn divide(rows: &'a mut [[f32; LANES]], divisors: &'a [f32; LANES]) {
        let inverse = divisors.map(|divisor| 1.0 / divisor);
        for row in rows {
            for (x, inverse) in row.iter_mut().zip(&inverse) {
                *x *= inverse;
            }
        }
    }
}
