//! Products with 2 to 16 vectors: the bits of each vector alone.

use secateurs_sparse::{Format, Group, GroupPattern, Input, Level, PackedMatrix, SMALL_BATCH, ValueType};

/// Two of every four weights are not zero.
fn weights(dims: [usize; 2]) -> Vec<f32> {
    let weight = |index: usize| ((index * 40_503 + index / 7) % 2003) as f32 / 1001.5 - 1.0;
    (0..dims[0] * dims[1])
        .map(|index| if index % 4 < 2 { weight(index) } else { 0.0 })
        .collect()
}

fn product(matrix: &PackedMatrix, level: Level, x: &[f32]) -> Vec<u32> {
    let [d_output, d_input] = matrix.dims();
    let mut y = vec![f32::NAN; x.len() / d_input * d_output];
    matrix.multiply(level, &Input::new(x, d_input), &mut y);
    y.into_iter().map(f32::to_bits).collect()
}

/// Numbers of outputs and vectors that fill squares of registers and that do not, and widths of whole chunks and others.
#[test]
fn vectors_together_have_the_bits_of_each_alone() {
    let pattern = GroupPattern::new(2, 4).expect("a pattern");
    for dims in [[1, 32], [2, 64], [7, 100], [50, 132]] {
        let weights = weights(dims);
        for format in [Format::Dense, Format::Bitmap, Format::Nm(pattern), Format::Indexed] {
            for value_type in [
                ValueType::F32,
                ValueType::F16,
                ValueType::Bf16,
                ValueType::Int8(Group::USUAL),
            ] {
                let Ok(matrix) = PackedMatrix::pack(&weights, dims, format, value_type) else {
                    assert_eq!(format, Format::Indexed, "{value_type}");
                    continue;
                };
                for n_vectors in 2..=SMALL_BATCH {
                    let x: Vec<f32> = (0..n_vectors * dims[1])
                        .map(|index| ((index * 7919) % 1009) as f32 / 504.5 - 1.0)
                        .collect();
                    let alone: Vec<u32> = x
                        .chunks(dims[1])
                        .flat_map(|x| product(&matrix, Level::scalar(), x))
                        .collect();
                    for level in Level::available() {
                        let together = product(&matrix, level, &x);
                        assert_eq!(together, alone, "{format} {value_type} {level} {n_vectors} {dims:?}");
                    }
                }
            }
        }
    }
}
