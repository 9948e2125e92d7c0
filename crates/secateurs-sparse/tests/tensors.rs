//! Packed matrices as tensors of a file, and back.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use secateurs_sparse::{Format, Group, GroupPattern, PackedMatrix, SparseError, StoredTensor, ValueType};

type Tensors = BTreeMap<String, StoredTensor>;

fn tensors(matrix: &PackedMatrix) -> Tensors {
    let tensors = matrix.to_tensors().into_iter();
    tensors.map(|(suffix, tensor)| (suffix.to_owned(), tensor)).collect()
}

fn read(tensors: &Tensors) -> Result<PackedMatrix, SparseError> {
    PackedMatrix::from_tensors(|suffix| tensors.get(suffix).cloned())
}

fn weights(n: usize) -> Vec<f32> {
    (0..n)
        .map(|index| {
            if index % 4 < 2 {
                0.0
            } else {
                (index % 31) as f32 / 8.0 - 2.1
            }
        })
        .collect()
}

fn cases() -> Vec<PackedMatrix> {
    let group = |n_inputs| Group::new(n_inputs).expect("a power of two");
    let integers = [
        ValueType::Int8(group(32)),
        ValueType::Int8(group(128)),
        ValueType::Int4(group(64)),
    ];
    let floats = [ValueType::F32, ValueType::F16, ValueType::Bf16];
    let pattern = |keep, group| Format::Nm(GroupPattern::new(keep, group).expect("a pattern"));
    let mut cases = Vec::new();
    for dims in [[3, 200], [1, 8], [0, 8], [4, 0]] {
        let weights = weights(dims[0] * dims[1]);
        let pack = |format, value_type| PackedMatrix::pack(&weights, dims, format, value_type).expect("packs");
        for value_type in floats.into_iter().chain(integers) {
            cases.push(pack(Format::Dense, value_type));
            cases.push(pack(Format::Bitmap, value_type));
            cases.push(pack(pattern(2, 4), value_type));
            cases.push(pack(pattern(5, 8), value_type));
        }
        cases.extend(floats.map(|value_type| pack(Format::Indexed, value_type)));
        cases.push(pack(Format::Indexed, ValueType::Int8(group(256))));
    }
    cases
}

/// Bytes of a tensor that its element type and shape imply.
fn implied_bytes(tensor: &StoredTensor) -> usize {
    let size = match tensor.dtype.as_str() {
        "I64" => 8,
        "F32" => 4,
        "F16" | "BF16" | "U16" => 2,
        "I8" | "U8" => 1,
        other => panic!("unknown type {other}"),
    };
    size * tensor.shape.iter().product::<usize>()
}

#[test]
fn matrices_come_back() {
    for matrix in cases() {
        let tensors = tensors(&matrix);
        for (suffix, tensor) in &tensors {
            assert_eq!(tensor.bytes.len(), implied_bytes(tensor), "{suffix} of {matrix:?}");
        }
        let back = read(&tensors).expect("reads what it wrote");
        // Several groups may give the same scales when an output has only one.
        assert_eq!(
            back.unpack(secateurs_sparse::Level::best()),
            matrix.unpack(secateurs_sparse::Level::best())
        );
        assert_eq!(tensors, self::tensors(&back));
    }
}

/// The layout of compressed-tensors, byte by byte: 2 x 10 with four weights.
#[test]
fn bitmaps_lie_as_compressed_tensors_has_them() {
    let mut weights = vec![0.0; 20];
    for (position, value) in [(0, 1.0), (3, -2.0), (9, 0.5), (11, 4.0)] {
        weights[position] = value;
    }
    let matrix = PackedMatrix::pack(&weights, [2, 10], Format::Bitmap, ValueType::F16).expect("packs");
    let tensors = tensors(&matrix);
    let expected = [
        ("bitmask", "U8", vec![2, 2], vec![0b0000_1001, 0b10, 0b10, 0]),
        // 1, -2, 0.5 and 4 in half precision.
        ("compressed", "F16", vec![4], vec![0, 0x3c, 0, 0xc0, 0, 0x38, 0, 0x44]),
        ("row_offsets", "I64", vec![2], [[0; 8], 3i64.to_le_bytes()].concat()),
        (
            "shape",
            "I64",
            vec![2],
            [2i64.to_le_bytes(), 10i64.to_le_bytes()].concat(),
        ),
    ];
    assert_eq!(tensors.len(), expected.len());
    for (suffix, dtype, shape, bytes) in expected {
        let tensor = StoredTensor {
            dtype: dtype.to_owned(),
            shape,
            bytes: bytes.into(),
        };
        assert_eq!(tensors[suffix], tensor, "{suffix}");
    }
}

#[test]
fn missing_and_foreign_tensors_are_named() {
    let matrix = PackedMatrix::pack(&weights(64), [2, 32], Format::Bitmap, ValueType::F16).expect("packs");
    for part in ["shape", "compressed"] {
        let mut tensors = tensors(&matrix);
        tensors.remove(part);
        assert_eq!(read(&tensors), Err(SparseError::Missing { part }));
    }
    for part in ["shape", "compressed", "bitmask", "row_offsets"] {
        let mut tensors = tensors(&matrix);
        tensors.get_mut(part).expect("a bitmap has it").dtype = "F8_E4M3".to_owned();
        let refused = read(&tensors);
        assert!(
            matches!(refused, Err(SparseError::Tensor { part: found, .. }) if found == part),
            "{refused:?}"
        );
    }
}

/// As many cases as the environment variable PROPTEST_CASES asks for, to fuzz longer.
fn fuzzing(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(asked.unwrap_or(cases))
}

proptest! {
    #![proptest_config(fuzzing(3000))]

    /// One tensor changed in a byte, its shape or its length: an error, or a matrix that reads without a panic.
    #[test]
    fn damaged_tensors_are_refused_or_harmless(
        case in 0usize..54,
        part in any::<prop::sample::Index>(),
        byte in any::<prop::sample::Index>(),
        value in any::<u8>(),
        kind in 0..4,
    ) {
        let mut tensors = tensors(&cases()[case]);
        let suffixes: Vec<String> = tensors.keys().cloned().collect();
        let tensor = tensors.get_mut(part.get(&suffixes)).expect("one of its keys");
        let mut bytes = tensor.bytes.to_vec();
        match kind {
            0 if !bytes.is_empty() => { let at = byte.index(bytes.len()); bytes[at] = value; }
            1 => bytes.truncate(byte.index(bytes.len() + 1)),
            2 => bytes.push(value),
            _ => tensor.shape.push(usize::from(value)),
        }
        tensor.bytes = Bytes::from(bytes);
        if let Ok(matrix) = read(&tensors) {
            let [d_output, d_input] = matrix.dims();
            prop_assert_eq!(matrix.unpack(secateurs_sparse::Level::best()).len(), d_output * d_input);
        }
    }
}
