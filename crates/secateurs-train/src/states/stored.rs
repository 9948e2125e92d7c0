//! Vectors of training state in few bits.

use half::bf16;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::float8::{self, e4m3_from_f32, e4m3_to_f32};
use super::slice::{StateSlice, StateSliceMut};

/// Format of a vector of training state in memory; arithmetic is in f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateFormat {
    /// Single precision, 4 bytes.
    #[default]
    F32,
    /// The upper half of an f32, rounded to the nearest: 2 bytes.
    Bf16,
    /// The 8-bit float e4m3: 1 byte, and one scale per tensor, `scale = max(1e-8, 1.05 max|x| / 448)`. Zeros stay
    /// zeros.
    E4m3,
}

/// Room above the largest value when a tensor is scaled.
const HEADROOM: f32 = 1.05;
const MIN_SCALE: f32 = 1e-8;
/// Elements that one task takes.
pub(crate) const TASK: usize = 1 << 16;

/// A stored vector.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stored {
    F32(Vec<f32>),
    Bf16(Vec<bf16>),
    E4m3 { codes: Vec<u8>, scale: f32 },
}

impl Stored {
    pub(crate) fn zeros(format: StateFormat, len: usize) -> Self {
        match format {
            StateFormat::F32 => Self::F32(vec![0.0; len]),
            StateFormat::Bf16 => Self::Bf16(vec![bf16::ZERO; len]),
            StateFormat::E4m3 => Self::E4m3 {
                codes: vec![0; len],
                scale: MIN_SCALE,
            },
        }
    }

    /// The values from `start` on.
    pub(crate) fn load(&self, start: usize, out: &mut [f32]) {
        let range = start..start + out.len();
        match self {
            Self::F32(values) => out.copy_from_slice(&values[range]),
            Self::Bf16(values) => {
                for (out, value) in out.iter_mut().zip(&values[range]) {
                    *out = value.to_f32();
                }
            }
            Self::E4m3 { codes, scale } => {
                for (out, code) in out.iter_mut().zip(&codes[range]) {
                    *out = DECODED[usize::from(*code)] * scale;
                }
            }
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.len()];
        out.par_chunks_mut(TASK)
            .enumerate()
            .for_each(|(task, out)| self.load(task * TASK, out));
        out
    }

    /// Replaces the vector.
    pub(crate) fn store(&mut self, from: &[f32]) {
        match self {
            Self::F32(values) => values.copy_from_slice(from),
            Self::Bf16(values) => {
                let tasks = values.par_chunks_mut(TASK).zip(from.par_chunks(TASK));
                tasks.for_each(|(values, from)| {
                    for (value, from) in values.iter_mut().zip(from) {
                        *value = bf16::from_f32(*from);
                    }
                });
            }
            Self::E4m3 { codes, scale } => {
                let chunks = from.par_chunks(TASK);
                let largest = chunks.map(|chunk| chunk.iter().fold(0.0f32, |max, x| max.max(x.abs())));
                *scale = MIN_SCALE.max(largest.reduce(|| 0.0, f32::max) / float8::MAX * HEADROOM);
                let factor = 1.0 / *scale;
                let tasks = codes.par_chunks_mut(TASK).zip(from.par_chunks(TASK));
                tasks.for_each(|(codes, from)| {
                    for (code, from) in codes.iter_mut().zip(from) {
                        // No negative zero.
                        *code = e4m3_from_f32(from * factor + 0.0);
                        if *code == 0x80 {
                            *code = 0;
                        }
                    }
                });
            }
        }
    }

    /// Multiplies all values, as far as the format allows.
    pub(crate) fn scale(&mut self, factor: f32) {
        match self {
            Self::F32(values) => values.par_iter_mut().for_each(|value| *value *= factor),
            Self::Bf16(values) => values
                .par_iter_mut()
                .for_each(|value| *value = bf16::from_f32(value.to_f32() * factor)),
            Self::E4m3 { scale, .. } => *scale *= factor,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::Bf16(values) => values.len(),
            Self::E4m3 { codes, .. } => codes.len(),
        }
    }

    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::F32(values) => size_of_val(&values[..]),
            Self::Bf16(values) => size_of_val(&values[..]),
            Self::E4m3 { codes, .. } => codes.len() + size_of::<f32>(),
        }
    }

    pub(crate) fn visit(&self, name: &str, visit: &mut dyn FnMut(&str, StateSlice<'_>)) {
        match self {
            Self::F32(values) => visit(name, StateSlice::F32(values)),
            Self::Bf16(values) => visit(name, StateSlice::Bf16(values)),
            Self::E4m3 { codes, scale } => {
                visit(name, StateSlice::U8(codes));
                visit(&format!("{name}.scale"), StateSlice::F32(std::slice::from_ref(scale)));
            }
        }
    }

    pub(crate) fn visit_mut(&mut self, name: &str, visit: &mut dyn FnMut(&str, StateSliceMut<'_>)) {
        match self {
            Self::F32(values) => visit(name, StateSliceMut::F32(values)),
            Self::Bf16(values) => visit(name, StateSliceMut::Bf16(values)),
            Self::E4m3 { codes, scale } => {
                visit(name, StateSliceMut::U8(codes));
                visit(
                    &format!("{name}.scale"),
                    StateSliceMut::F32(std::slice::from_mut(scale)),
                );
            }
        }
    }
}

/// The value of every e4m3 code.
static DECODED: std::sync::LazyLock<[f32; 256]> =
    std::sync::LazyLock::new(|| std::array::from_fn(|code| e4m3_to_f32(code as u8)));

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(format: StateFormat, values: &[f32]) -> Stored {
        let mut stored = Stored::zeros(format, values.len());
        stored.store(values);
        stored
    }

    #[test]
    fn errors_stay_within_the_format_and_zeros_are_zeros() {
        let values: Vec<f32> = (0..4000)
            .map(|i| if i % 3 == 0 { 0.0 } else { (i as f32 * 0.37).sin() * 0.1 })
            .collect();
        for (format, relative) in [
            (StateFormat::F32, 0.0),
            (StateFormat::Bf16, 1.0 / 256.0),
            (StateFormat::E4m3, 1.0 / 16.0),
        ] {
            let back = stored(format, &values).to_vec();
            // The smallest step of e4m3 is 2^-9 of the scale.
            let absolute = if format == StateFormat::E4m3 {
                1.05 * 0.1 / 448.0 / 1024.0
            } else {
                0.0
            };
            for (got, wanted) in back.iter().zip(&values) {
                assert!(
                    (got - wanted).abs() <= relative * wanted.abs() + absolute,
                    "{format:?}: {wanted} became {got}"
                );
                if *wanted == 0.0 {
                    assert_eq!(got.to_bits(), 0);
                }
            }
        }
    }

    #[test]
    fn bytes_are_those_of_the_format() {
        let bytes = |format| Stored::zeros(format, 1000).n_bytes();
        assert_eq!(
            [StateFormat::F32, StateFormat::Bf16, StateFormat::E4m3].map(bytes),
            [4000, 2000, 1004]
        );
    }
}
