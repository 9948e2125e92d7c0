//! The float types that checkpoints are stored in.

use std::fmt;
use std::str::FromStr;

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Values decoded or encoded by one task; large enough to hide the cost of starting it.
const CHUNK: usize = 1 << 15;

/// A storage type for weights. Computation is always in `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FloatType {
    /// IEEE 754 single precision, 4 bytes.
    F32,
    /// IEEE 754 half precision, 2 bytes; the largest value is 65504.
    F16,
    /// The upper half of an `F32`, 2 bytes.
    Bf16,
}

impl FloatType {
    /// Bytes of one stored value.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// The name used in safetensors headers: `"F32"`, `"F16"` or `"BF16"`.
    pub fn safetensors_name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Bf16 => "BF16",
        }
    }

    /// The name used in `config.json`: `"float32"`, `"float16"` or `"bfloat16"`.
    pub fn torch_name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::Bf16 => "bfloat16",
        }
    }

    /// The type with this name in safetensors headers, if it is one of the three.
    pub fn from_safetensors_name(name: &str) -> Option<Self> {
        match name {
            "F32" => Some(Self::F32),
            "F16" => Some(Self::F16),
            "BF16" => Some(Self::Bf16),
            _ => None,
        }
    }

    /// Decodes little-endian `bytes` into `values`; `bytes` holds exactly `values.len()` values.
    pub(crate) fn decode(self, bytes: &[u8], values: &mut [f32]) {
        debug_assert_eq!(bytes.len(), values.len() * self.size());
        values
            .par_chunks_mut(CHUNK)
            .zip(bytes.par_chunks(CHUNK * self.size()))
            .for_each(|(values, bytes)| self.decode_chunk(bytes, values));
    }

    fn decode_chunk(self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Self::F32 => {
                for (value, raw) in values.iter_mut().zip(bytes.as_chunks::<4>().0) {
                    *value = f32::from_le_bytes(*raw);
                }
            }
            Self::F16 => {
                let halves: Vec<f16> = bytes
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .map(|&raw| f16::from_le_bytes(raw))
                    .collect();
                halves.convert_to_f32_slice(values);
            }
            Self::Bf16 => {
                for (value, raw) in values.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *value = bf16::from_le_bytes(*raw).to_f32();
                }
            }
        }
    }

    /// Checks that the values of a tensor can be stored in this type.
    ///
    /// # Errors
    ///
    /// [`NotRepresentable`] if a finite value of tensor `name` would become infinite.
    pub fn check_fits(self, name: &str, values: &[f32]) -> Result<(), NotRepresentable> {
        match self {
            Self::F32 => Ok(()),
            Self::F16 | Self::Bf16 => self.encode(name, values).map(drop),
        }
    }

    /// Encodes `values` as little-endian bytes, rounding to nearest even.
    ///
    /// # Errors
    ///
    /// [`NotRepresentable`] if a finite value of tensor `name` would become infinite.
    pub(crate) fn encode(self, name: &str, values: &[f32]) -> Result<Vec<u8>, NotRepresentable> {
        let mut bytes = vec![0; values.len() * self.size()];
        bytes
            .par_chunks_mut(CHUNK * self.size())
            .zip(values.par_chunks(CHUNK))
            .enumerate()
            .try_for_each(|(chunk, (bytes, values))| {
                self.encode_chunk(bytes, values).map_err(|index| NotRepresentable {
                    name: name.to_owned(),
                    index: chunk * CHUNK + index,
                    value: values[index],
                    float_type: self,
                })
            })?;
        Ok(bytes)
    }

    /// Encodes a chunk; on failure, the index of the first finite value that overflows.
    fn encode_chunk(self, bytes: &mut [u8], values: &[f32]) -> Result<(), usize> {
        match self {
            Self::F32 => {
                for (raw, value) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(values) {
                    *raw = value.to_le_bytes();
                }
            }
            Self::F16 => {
                let mut halves = vec![f16::ZERO; values.len()];
                halves.convert_from_f32_slice(values);
                for (i, (raw, half)) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(&halves).enumerate() {
                    if half.is_infinite() && values[i].is_finite() {
                        return Err(i);
                    }
                    *raw = half.to_le_bytes();
                }
            }
            Self::Bf16 => {
                for (i, (raw, &value)) in bytes.as_chunks_mut::<2>().0.iter_mut().zip(values).enumerate() {
                    let half = bf16::from_f32(value);
                    if half.is_infinite() && value.is_finite() {
                        return Err(i);
                    }
                    *raw = half.to_le_bytes();
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for FloatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        })
    }
}

/// A finite value that would become infinite in the chosen storage type.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("value {value} at index {index} of tensor {name:?} does not fit {float_type}")]
pub struct NotRepresentable {
    /// The tensor.
    pub name: String,
    /// Flat index of the value.
    pub index: usize,
    /// The value.
    pub value: f32,
    /// The storage type.
    pub float_type: FloatType,
}

/// A text other than `f32`, `f16` and `bf16`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a float type: expected f32, f16 or bf16")]
pub struct ParseFloatTypeError {
    /// The given text.
    pub text: String,
}

impl FromStr for FloatType {
    type Err = ParseFloatTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "f32" | "float32" => Ok(Self::F32),
            "f16" | "float16" => Ok(Self::F16),
            "bf16" | "bfloat16" => Ok(Self::Bf16),
            _ => Err(ParseFloatTypeError { text: text.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_bit_pattern_survives_a_round_trip() {
        for float_type in [FloatType::F16, FloatType::Bf16] {
            let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
            let mut values = vec![0.0; 1 << 16];
            float_type.decode(&bytes, &mut values);
            let again = float_type.encode("w", &values).expect("values came from this type");
            for (i, value) in values.iter().enumerate() {
                // NaN payloads may be made quiet; everything else is exact.
                if !value.is_nan() {
                    assert_eq!(
                        bytes[2 * i..2 * i + 2],
                        again[2 * i..2 * i + 2],
                        "{float_type} {i:#06x}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_value_too_large_for_half_is_an_error_with_its_index() {
        let mut values = vec![1.0; CHUNK + 7];
        values[CHUNK + 3] = 70_000.0;
        let error = FloatType::F16.encode("w", &values).unwrap_err();
        assert!(matches!(error, NotRepresentable { index, value: 70_000.0, .. } if index == CHUNK + 3));
        assert!(FloatType::Bf16.encode("w", &values).is_ok());
        assert!(FloatType::F16.encode("w", &[f32::INFINITY]).is_ok());
    }

    #[test]
    fn rounding_is_to_nearest_even() {
        // bf16 keeps 8 significant bits: 257 lies half way between 256 and 258, 259 between 258 and 260.
        let bytes = FloatType::Bf16.encode("w", &[257.0, 259.0]).expect("fits");
        let mut values = [0.0; 2];
        FloatType::Bf16.decode(&bytes, &mut values);
        assert_eq!(values, [256.0, 260.0]);
    }

    #[test]
    fn names_parse_back() {
        for float_type in [FloatType::F32, FloatType::F16, FloatType::Bf16] {
            assert_eq!(float_type.to_string().parse(), Ok(float_type));
            assert_eq!(float_type.torch_name().parse(), Ok(float_type));
            assert_eq!(
                FloatType::from_safetensors_name(float_type.safetensors_name()),
                Some(float_type)
            );
        }
        assert!("int8".parse::<FloatType>().is_err());
    }
}
