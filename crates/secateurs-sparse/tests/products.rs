//! Products and round trips of every format, value type and instruction set.

use half::{bf16, f16};
use proptest::prelude::*;
use secateurs_sparse::{Format, Group, GroupPattern, Input, Level, PackedMatrix, ValueType, multiply_together};

const FLOATS: [ValueType; 3] = [ValueType::F32, ValueType::F16, ValueType::Bf16];

fn integers() -> [ValueType; 4] {
    let group = |n_inputs| Group::new(n_inputs).expect("a power of two");
    [
        ValueType::Int8(group(32)),
        ValueType::Int8(Group::USUAL),
        ValueType::Int4(group(64)),
        ValueType::Int4(Group::USUAL),
    ]
}

/// All formats that hold any weights in these types.
fn cases() -> Vec<(Format, ValueType)> {
    let mut cases = Vec::new();
    for value_type in FLOATS.into_iter().chain(integers()) {
        cases.push((Format::Dense, value_type));
        cases.push((Format::Bitmap, value_type));
        if value_type.group().is_none() {
            cases.push((Format::Indexed, value_type));
        }
    }
    // One scale for each output.
    let whole = Group::new(1024).expect("a power of two");
    cases.push((Format::Indexed, ValueType::Int8(whole)));
    cases
}

/// What a weight becomes in a float type.
fn rounded(weight: f32, value_type: ValueType) -> f32 {
    match value_type {
        ValueType::F16 => f16::from_f32(weight).to_f32(),
        ValueType::Bf16 => bf16::from_f32(weight).to_f32(),
        _ => weight,
    }
}

/// Weights of which about `density` are not zero, with their shape.
fn matrices(density: f64) -> impl Strategy<Value = (Vec<f32>, [usize; 2])> {
    (0usize..12, 0usize..150).prop_flat_map(move |(d_output, d_input)| {
        let weight = prop_oneof![
            ((1.0 - density) * 100.0) as u32 => Just(0.0f32),
            (density * 100.0) as u32 => -2.0f32..2.0,
        ];
        proptest::collection::vec(weight, d_output * d_input).prop_map(move |weights| (weights, [d_output, d_input]))
    })
}

fn inputs(width: usize, n_vectors: usize) -> Input {
    let values: Vec<f32> = (0..width * n_vectors)
        .map(|index| ((index * 7919 % 1009) as f32 / 504.5 - 1.0) * (1.0 + (index % 5) as f32))
        .collect();
    let mut input = Input::zeros(n_vectors, width);
    for vector in 0..n_vectors {
        input
            .vector_mut(vector)
            .copy_from_slice(&values[vector * width..(vector + 1) * width]);
    }
    input
}

fn product(matrix: &PackedMatrix, level: Level, input: &Input) -> Vec<f32> {
    let mut y = vec![f32::NAN; input.n_vectors() * matrix.dims()[0]];
    matrix.multiply(level, input, &mut y);
    y
}

/// `sum |w| |x|` and `sum w x` of an output in f64.
fn exact(weights: &[f32], x: &[f32]) -> (f64, f64) {
    let products = weights
        .iter()
        .zip(x)
        .map(|(weight, x)| f64::from(*weight) * f64::from(*x));
    products.fold((0.0, 0.0), |(size, sum), product| (size + product.abs(), sum + product))
}

/// Checks the products with `n_vectors` inputs against f64 sums over the stored weights.
fn check_products(matrix: &PackedMatrix, level: Level, n_vectors: usize) {
    let [d_output, d_input] = matrix.dims();
    let stored = matrix.unpack(level);
    let input = inputs(d_input, n_vectors);
    let y = product(matrix, level, &input);
    for vector in 0..n_vectors {
        for output in 0..d_output {
            let weights = &stored[output * d_input..(output + 1) * d_input];
            let (size, expected) = exact(weights, input.vector(vector));
            let got = f64::from(y[vector * d_output + output]);
            // At most `d_input` roundings of partial sums no larger than `size`.
            let bound = size * (d_input + 1) as f64 * f64::from(f32::EPSILON) / 2.0;
            assert!((got - expected).abs() <= bound, "{got} is not {expected}");
        }
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn products_are_those_of_the_stored_weights((weights, dims) in matrices(0.4), n_vectors in 0usize..20) {
        for (format, value_type) in cases() {
            let matrix = PackedMatrix::pack(&weights, dims, format, value_type).expect("any weights fit");
            for level in Level::available() {
                check_products(&matrix, level, n_vectors);
            }
        }
    }

    /// Every instruction set, any number of vectors up to `SMALL_BATCH`: the same bits.
    #[test]
    fn instruction_sets_and_batches_agree_to_the_bit((weights, dims) in matrices(0.3)) {
        for (format, value_type) in cases() {
            let matrix = PackedMatrix::pack(&weights, dims, format, value_type).expect("any weights fit");
            let input = inputs(dims[1], 1);
            let expected = bits(&product(&matrix, Level::scalar(), &input));
            for level in Level::available() {
                prop_assert_eq!(&bits(&product(&matrix, level, &input)), &expected, "{:?} {} {}", format, value_type, level);
                prop_assert_eq!(bits(&matrix.unpack(level)), bits(&matrix.unpack(Level::scalar())));
                let mut three = Input::zeros(3, dims[1]);
                (0..3).for_each(|vector| three.vector_mut(vector).copy_from_slice(input.vector(0)));
                for y in product(&matrix, level, &three).chunks(dims[0].max(1)) {
                    prop_assert_eq!(&bits(y), &expected, "{:?} {} {}", format, value_type, level);
                }
            }
        }
    }

    /// Any bits at all come back, once they are rounded to the type.
    #[test]
    fn floats_come_back_to_the_bit(
        raw in proptest::collection::vec(any::<u32>(), 3 * 37),
        zeros in proptest::collection::vec(any::<bool>(), 3 * 37),
    ) {
        let weights: Vec<f32> = raw.iter().zip(&zeros)
            .map(|(raw, zero)| if *zero { 0.0 } else { f32::from_bits(*raw) })
            .filter(|weight| !weight.is_nan())
            .chain(std::iter::repeat(-0.0))
            .take(3 * 37)
            .collect();
        for value_type in FLOATS {
            let expected: Vec<f32> = weights.iter().map(|weight| rounded(*weight, value_type)).collect();
            for format in [Format::Dense, Format::Bitmap, Format::Indexed] {
                let matrix = PackedMatrix::pack(&weights, [3, 37], format, value_type).expect("any weights fit");
                for level in Level::available() {
                    prop_assert_eq!(bits(&matrix.unpack(level)), bits(&expected), "{:?} {} {}", format, value_type, level);
                }
            }
        }
    }

    /// Half a step, where a step is at most 1.008 / 127 or 1.008 / 7 of the largest weight of the group.
    #[test]
    fn integers_err_by_half_a_step((weights, dims) in matrices(0.7)) {
        for value_type in integers() {
            let group = value_type.group().expect("integers have groups").n_inputs();
            let steps = if value_type.bits() == 8 { 127.0 } else { 7.0 };
            for format in [Format::Dense, Format::Bitmap] {
                let matrix = PackedMatrix::pack(&weights, dims, format, value_type).expect("any weights fit");
                let stored = matrix.unpack(Level::best());
                for (stored, weights) in stored.chunks(dims[1].max(1)).zip(weights.chunks(dims[1].max(1))) {
                    for (stored, weights) in stored.chunks(group).zip(weights.chunks(group)) {
                        let peak = weights.iter().fold(0.0f32, |peak, weight| peak.max(weight.abs()));
                        let bound = 1.008 * peak / steps / 2.0;
                        for (stored, weight) in stored.iter().zip(weights) {
                            prop_assert!((stored - weight).abs() <= bound, "{stored} for {weight}, bound {bound}");
                            prop_assert!(*weight != 0.0 || *stored == 0.0);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn patterns_hold_what_fits(
        (keep, group) in prop_oneof![Just((2, 4)), Just((4, 8)), Just((1, 3)), Just((5, 16)), Just((4, 4))],
        d_output in 0usize..5,
        n_groups in 0usize..30,
        seed in any::<u64>(),
    ) {
        let d_input = n_groups * group;
        let weights: Vec<f32> = (0..d_output * d_input)
            .map(|index| {
                // `keep` inputs of each group, another choice for every group, some of them zero.
                let mixed = (index / group) as u64 ^ seed;
                let offset = (index % group + mixed as usize % group) % group;
                if offset < keep { ((index * 31 % 17) as f32 - 8.0) / 4.0 } else { 0.0 }
            })
            .collect();
        let pattern = GroupPattern::new(keep, group).expect("1 <= keep <= group");
        for value_type in FLOATS.into_iter().chain(integers()) {
            let dims = [d_output, d_input];
            let matrix = PackedMatrix::pack(&weights, dims, Format::Nm(pattern), value_type).expect("groups fit");
            let bitmap = PackedMatrix::pack(&weights, dims, Format::Bitmap, value_type).expect("any weights fit");
            for level in Level::available() {
                prop_assert_eq!(bits(&matrix.unpack(level)), bits(&bitmap.unpack(level)));
                check_products(&matrix, level, 1);
                check_products(&matrix, level, 5);
            }
        }
    }
}

/// Wide enough for many chunks, several groups of scales, both spans, and rows of all and of no weights.
#[test]
fn large_matrices_agree_too() {
    let dims = [70, 1000];
    let weights: Vec<f32> = (0..dims[0] * dims[1])
        .map(|index| match index / dims[1] {
            3 | 69 => 0.0,
            4 => 1.0 + (index % 7) as f32,
            _ if index * 2654435761 % 97 < 60 => 0.0,
            _ => (index * 40503 % 2003) as f32 / 1001.5 - 1.0,
        })
        .collect();
    for (format, value_type) in cases() {
        let matrix = PackedMatrix::pack(&weights, dims, format, value_type).expect("any weights fit");
        let expected = product(&matrix, Level::scalar(), &inputs(dims[1], 1));
        for level in Level::available() {
            assert_eq!(
                bits(&product(&matrix, level, &inputs(dims[1], 1))),
                bits(&expected),
                "{format:?} {value_type} {level}"
            );
            for n_vectors in [2, 16, 17, 100] {
                check_products(&matrix, level, n_vectors);
            }
        }
    }
}

/// 4 x 64 with one weight in eight: counted by hand.
#[test]
fn sizes_are_those_of_the_layouts() {
    let weights: Vec<f32> = (0..256).map(|index| if index % 8 == 0 { 0.5 } else { 0.0 }).collect();
    let size = |format, value_type| {
        let matrix = PackedMatrix::pack(&weights, [4, 64], format, value_type);
        matrix.expect("any weights fit").n_bytes()
    };
    let group = Group::new(32).expect("a power of two");
    assert_eq!(size(Format::Dense, ValueType::F16), 512);
    // 32 bytes of mask, 4 offsets of 8 bytes, 32 values.
    assert_eq!(size(Format::Bitmap, ValueType::F16), 32 + 32 + 64);
    assert_eq!(size(Format::Bitmap, ValueType::F32), 32 + 32 + 128);
    // And two scales of two bytes for each output.
    assert_eq!(size(Format::Bitmap, ValueType::Int8(group)), 32 + 32 + 32 + 16);
    assert_eq!(size(Format::Bitmap, ValueType::Int4(group)), 32 + 32 + 16 + 16);
    assert_eq!(size(Format::Indexed, ValueType::F16), 32 + 64 + 64);
    let pattern = GroupPattern::new(2, 8).expect("1 <= keep <= group");
    assert_eq!(size(Format::Nm(pattern), ValueType::F16), 32 + 128);
}

/// Matrices of unlike sizes and formats, more threads than the first has outputs.
#[test]
fn products_together_are_those_apart() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(5).build().expect("starts");
    let weights: Vec<f32> = (0..40 * 96)
        .map(|index| if index % 3 == 0 { 0.0 } else { (index % 17) as f32 - 8.0 })
        .collect();
    let pack = |d_output: usize, format| {
        PackedMatrix::pack(&weights[..d_output * 96], [d_output, 96], format, ValueType::F16).expect("packs")
    };
    let matrices = [
        pack(3, Format::Dense),
        pack(40, Format::Bitmap),
        pack(0, Format::Dense),
        pack(17, Format::Indexed),
    ];
    for n_vectors in [1, 4] {
        let input = inputs(96, n_vectors);
        let together = pool.install(|| multiply_together(Level::best(), &matrices.each_ref(), &input));
        for (matrix, y) in matrices.iter().zip(together) {
            assert_eq!(bits(&y), bits(&product(matrix, Level::best(), &input)));
        }
    }
}

/// Whole chunks are read past an output's last value; what the next output multiplies must not show.
#[test]
fn outputs_see_only_their_own_inputs() {
    let mut weights = vec![0.0; 3 * 80];
    (0..3).for_each(|input| weights[input] = 1.0);
    (80 + 40..2 * 80).for_each(|input| weights[input] = 1.0);
    weights[2 * 80] = 1.0;
    let mut input = Input::zeros(1, 80);
    input.vector_mut(0)[..40].fill(2.0);
    input.vector_mut(0)[40..].fill(f32::INFINITY);
    let whole = ValueType::Int8(Group::USUAL);
    for value_type in FLOATS.into_iter().chain([whole]) {
        let matrix = PackedMatrix::pack(&weights, [3, 80], Format::Indexed, value_type).expect("packs");
        for level in Level::available() {
            let y = product(&matrix, level, &input);
            assert!(
                (y[0] - 6.0).abs() < 0.1 && (y[2] - 2.0).abs() < 0.1,
                "{y:?} {value_type} {level}"
            );
            assert_eq!(y[1], f32::INFINITY);
        }
    }
}
