//! Products with many vectors: every format, value type and instruction set against sums written out.

use proptest::prelude::*;
use secateurs_sparse::{
    FloatVectors, Format, Group, GroupPattern, Input, LANES, Lanes, Level, ManyProduct, PackedMatrix, Store, Tile,
    ValueType, VectorType, multiply_many,
};

fn value_types() -> [ValueType; 5] {
    [
        ValueType::F32,
        ValueType::F16,
        ValueType::Bf16,
        ValueType::Int8(Group::USUAL),
        ValueType::Int4(Group::USUAL),
    ]
}

/// All formats and value types that hold these weights.
fn pack_all(weights: &[f32], dims: [usize; 2]) -> Vec<PackedMatrix> {
    let pattern = GroupPattern::new(2, 4).expect("a pattern");
    let formats = [Format::Dense, Format::Bitmap, Format::Nm(pattern), Format::Indexed];
    let cases = formats
        .into_iter()
        .flat_map(|format| value_types().map(|value_type| (format, value_type)));
    let packed = cases.filter_map(|(format, value_type)| PackedMatrix::pack(weights, dims, format, value_type).ok());
    packed.collect()
}

/// At most two of every four weights are not zero.
fn weights(dims: [usize; 2], seed: usize) -> Vec<f32> {
    (0..dims[0] * dims[1])
        .map(|index| {
            let input = index % dims[1];
            let mixed = (index / 4).wrapping_mul(2_654_435_761).wrapping_add(seed) >> 7;
            let survives = input % 4 == mixed % 4 || (input + 1) % 4 == mixed % 4;
            if survives {
                ((index * 40_503 + seed) % 2003) as f32 / 1001.5 - 1.0
            } else {
                0.0
            }
        })
        .collect()
}

fn vectors(n: usize, seed: usize) -> Vec<f32> {
    (0..n)
        .map(|index| ((index * 7919 + seed * 31) % 1009) as f32 / 504.5 - 1.0)
        .collect()
}

/// `sum_i w_i x_i` from `start` on, one fused multiply-add after the other.
fn in_order(start: f32, weights: &[f32], x: &[f32]) -> f32 {
    weights.iter().zip(x).fold(start, |sum, (w, x)| w.mul_add(*x, sum))
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The product of every level has the bits of sums in order, replaced or added.
fn check(matrix: &PackedMatrix, n_vectors: usize) {
    let [d_output, d_input] = matrix.dims();
    let stored = matrix.unpack(Level::scalar());
    let x = vectors(n_vectors * d_input, 1);
    let before = vectors(n_vectors * d_output, 2);
    for level in Level::available() {
        for store in [Store::Replace, Store::Add] {
            let mut y = Lanes::from_vectors(&before, d_output);
            let product = ManyProduct {
                matrix,
                y: &mut y,
                store,
            };
            multiply_many(level, &Lanes::from_vectors(&x, d_input), &mut [product]);
            let expected = (0..n_vectors * d_output).map(|at| {
                let (vector, output) = (at / d_output, at % d_output);
                let start = if store == Store::Add { before[at] } else { 0.0 };
                let weights = &stored[output * d_input..][..d_input];
                in_order(start, weights, &x[vector * d_input..][..d_input])
            });
            let (got, expected) = (y.to_vectors(), expected.collect::<Vec<f32>>());
            assert_eq!(bits(&got), bits(&expected), "{} {level} {store:?}", matrix.format());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn products_add_in_order_on_every_instruction_set(
        d_output in 1usize..40,
        groups in 1usize..40,
        n_vectors in 1usize..80,
        seed in 0usize..1000,
    ) {
        let dims = [d_output, 4 * groups];
        for matrix in pack_all(&weights(dims, seed), dims) {
            check(&matrix, n_vectors);
        }
    }

    #[test]
    fn vectors_come_back_from_lanes(width in 1usize..70, n_vectors in 0usize..100) {
        let values = vectors(width * n_vectors, 3);
        let lanes = Lanes::from_vectors(&values, width);
        prop_assert_eq!(&lanes.to_vectors(), &values);
        for vector in 0..n_vectors {
            prop_assert_eq!(&lanes.vector(vector), &values[vector * width..][..width]);
            prop_assert_eq!(lanes.panel(vector / LANES)[width - 1][vector % LANES], values[(vector + 1) * width - 1]);
        }
    }
}

/// Several pieces for every thread, a last piece of its own height, and widths that fill no chunk.
#[test]
fn large_products_add_in_order_with_any_number_of_threads() {
    let dims = [1001, 999];
    let weights: Vec<f32> = vectors(dims[0] * dims[1], 4)
        .into_iter()
        .map(|weight| if weight < 0.4 { 0.0 } else { weight })
        .collect();
    let small = &weights[..5 * dims[1]];
    for format in [Format::Dense, Format::Bitmap, Format::Indexed] {
        let pack = |weights: &[f32]| {
            let dims = [weights.len() / dims[1], dims[1]];
            PackedMatrix::pack(weights, dims, format, ValueType::F16).expect("packs")
        };
        let matrices = [pack(&weights), pack(small)];
        let x = Lanes::from_vectors(&vectors(40 * dims[1], 5), dims[1]);
        let run = |n_threads: usize, level: Level| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build();
            let mut y = matrices.each_ref().map(|matrix| Lanes::zeros(40, matrix.dims()[0]));
            let mut products: Vec<_> = matrices
                .iter()
                .zip(&mut y)
                .map(|(matrix, y)| ManyProduct {
                    matrix,
                    y,
                    store: Store::Replace,
                })
                .collect();
            pool.expect("starts")
                .install(|| multiply_many(level, &x, &mut products));
            y.map(|y| bits(&y.to_vectors()))
        };
        let expected = run(1, Level::best());
        let stored = matrices[0].unpack(Level::best());
        let last = in_order(0.0, &stored[1000 * 999..], &x.vector(39));
        assert_eq!(expected[0].last(), Some(&last.to_bits()));
        for (n_threads, level) in [(3, Level::best()), (2, Level::available()[0])] {
            assert_eq!(run(n_threads, level), expected, "{format} {n_threads} {level}");
        }
    }
}

/// The bound of [`Tile`]: `n u sum |w x|`, where products of the rows as such go through the same tiles.
#[test]
fn many_vectors_keep_the_bound() {
    let dims = [30, 3000];
    let matrix = PackedMatrix::pack(&vectors(dims[0] * dims[1], 6), dims, Format::Dense, ValueType::F32);
    let (matrix, n_vectors) = (matrix.expect("packs"), 33);
    let (weights, x) = (matrix.unpack(Level::best()), vectors(n_vectors * dims[1], 7));
    let mut y = vec![0.0; n_vectors * dims[0]];
    matrix.multiply(Level::best(), &Input::new(&x, dims[1]), &mut y);
    for (at, y) in y.iter().enumerate() {
        let weights = &weights[at % dims[0] * dims[1]..][..dims[1]];
        let x = &x[at / dims[0] * dims[1]..][..dims[1]];
        let terms = weights.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x));
        let (size, sum) = terms.fold((0.0, 0.0), |(size, sum), term| (size + term.abs(), sum + term));
        let bound = dims[1] as f64 * size * 2f64.powi(-24);
        assert!((f64::from(*y) - sum).abs() <= bound, "{y} is not {sum}");
    }
}

#[test]
fn lists_become_tiles_both_ways() {
    for (width, len) in [(1, 1), (10, 70), (64, 33), (40, 100)] {
        for vector_type in [VectorType::F32, VectorType::F16] {
            let values = vectors(width * len, 8);
            let panels = Lanes::from_vectors(&values, width);
            let mut list = FloatVectors::new(width, vector_type);
            for panel in 0..panels.n_panels() {
                list.push_panel(panels.panel(panel), (len - panel * LANES).min(LANES));
            }
            let mut pushed = FloatVectors::new(width, vector_type);
            pushed.push(&values);
            assert_eq!(list, pushed);
            let stored = list.to_f32();
            for level in Level::available() {
                let mut tile = Tile::new(level);
                list.tile(&mut tile);
                check_tile(&tile, [len, width], |vector, j| stored[vector * width + j]);
                list.transposed_tile(&mut tile);
                check_tile(&tile, [width, len], |j, vector| stored[vector * width + j]);
            }
        }
    }
}

/// Also where only some outputs and inputs are wanted.
fn check_tile(tile: &Tile, [n_outputs, n_inputs]: [usize; 2], weight: impl Fn(usize, usize) -> f32) {
    for (n_outputs, n_inputs) in [(n_outputs, n_inputs), (n_outputs.div_ceil(2), n_inputs.div_ceil(2))] {
        let x = vectors(n_inputs * LANES, 9);
        let x: Vec<[f32; LANES]> = x.as_chunks().0.to_vec();
        let mut y = vec![[f32::NAN; LANES]; n_outputs];
        tile.multiply(&x, Store::Replace, &mut y);
        for (output, row) in y.iter().enumerate() {
            let weights: Vec<f32> = (0..n_inputs).map(|input| weight(output, input)).collect();
            for (lane, got) in row.iter().enumerate() {
                let x: Vec<f32> = x.iter().map(|row| row[lane]).collect();
                assert_eq!(got.to_bits(), in_order(0.0, &weights, &x).to_bits());
            }
        }
    }
}

/// Rounding to half precision, for every half, its neighbours in single precision and the middle between two halves.
#[test]
fn pushed_values_round_to_the_nearest_half() {
    let halves = (0..=u16::MAX).map(half::f16::from_bits).filter(|half| half.is_finite());
    let values: Vec<f32> = halves
        .flat_map(|half| {
            let raw = half.to_f32().to_bits();
            [0, 1, 0x0fff, 0x1000, 0x1001].map(|more| f32::from_bits(raw + more))
        })
        .collect();
    let mut list = FloatVectors::new(values.len(), VectorType::F16);
    list.push(&values);
    let expected: Vec<f32> = values
        .iter()
        .map(|value| half::f16::from_f32_const(*value).to_f32())
        .collect();
    assert_eq!(bits(&list.to_f32()), bits(&expected));
}
