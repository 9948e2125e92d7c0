//! Parts that contradict each other are refused before any kernel sees them.

use bytes::Bytes;
use proptest::prelude::*;
use secateurs_sparse::{
    BitmapMatrix, DenseMatrix, Group, GroupPattern, IndexedMatrix, Input, Level, NmMatrix, PackedMatrix, SparseError,
    ValueType, Values,
};

/// 2 outputs of 10 inputs; inputs 0, 3, 9 and 1 are stored.
fn weights() -> Vec<f32> {
    let mut weights = vec![0.0; 20];
    for (position, value) in [(0, 1.0), (3, -2.0), (9, 0.5), (11, 4.0)] {
        weights[position] = value;
    }
    weights
}

fn changed(bytes: &Bytes, index: usize, value: u8) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[index] = value;
    bytes.into()
}

fn f16_values(bytes: &[u8]) -> Values {
    Values::new(ValueType::F16, Bytes::copy_from_slice(bytes), Bytes::new())
}

fn bitmap() -> BitmapMatrix {
    BitmapMatrix::pack(&weights(), [2, 10], ValueType::F16).expect("packs")
}

#[test]
fn masks_and_values_must_agree() {
    let good = bitmap();
    let parts = |mask: Bytes, offsets: Bytes, values: Values| BitmapMatrix::from_parts([2, 10], mask, offsets, values);
    assert_eq!(
        parts(good.mask().clone(), good.offsets().clone(), good.values().clone()),
        Ok(good.clone())
    );
    // One more bit than values.
    let mask = changed(good.mask(), 2, 0b0000_0011);
    assert_eq!(
        parts(mask, good.offsets().clone(), good.values().clone()),
        Err(SparseError::Size {
            part: "the values",
            unit: "bytes",
            expected: 10,
            got: 8
        })
    );
    // A bit past the tenth input.
    let mask = changed(good.mask(), 1, 0b0000_0110);
    assert_eq!(
        parts(mask, good.offsets().clone(), good.values().clone()),
        Err(SparseError::TailBits { output: 0, d_input: 10 })
    );
    let offsets = changed(good.offsets(), 8, 2);
    assert_eq!(
        parts(good.mask().clone(), offsets, good.values().clone()),
        Err(SparseError::Offset {
            output: 1,
            expected: 3,
            got: 2
        })
    );
    let offsets = changed(good.offsets(), 15, 0xff);
    let negative = parts(good.mask().clone(), offsets, good.values().clone());
    assert!(matches!(negative, Err(SparseError::Offset { output: 1, .. })));
    let offsets = good.offsets().slice(..8);
    let short = parts(good.mask().clone(), offsets, good.values().clone());
    assert!(matches!(
        short,
        Err(SparseError::Size {
            part: "the offsets",
            ..
        })
    ));
    let scaled = Values::new(
        ValueType::F16,
        good.values().bytes().clone(),
        Bytes::from_static(&[0; 2]),
    );
    let scaled = parts(good.mask().clone(), good.offsets().clone(), scaled);
    assert!(matches!(scaled, Err(SparseError::Size { part: "the scales", .. })));
}

#[test]
fn shapes_beyond_memory_are_refused() {
    for dims in [
        [usize::MAX, 2],
        [2, usize::MAX],
        [usize::MAX / 2, usize::MAX / 2],
        [1 << 31, 1 << 31],
    ] {
        let empty = f16_values(&[]);
        let refused = BitmapMatrix::from_parts(dims, Bytes::new(), Bytes::new(), empty.clone());
        assert!(matches!(refused, Err(SparseError::TooLarge { .. })));
        assert!(matches!(
            DenseMatrix::from_parts(dims, empty),
            Err(SparseError::TooLarge { .. })
        ));
    }
}

#[test]
fn groups_must_be_full() {
    let pattern = GroupPattern::new(2, 4).expect("a pattern");
    let weights = [1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0];
    let good = NmMatrix::pack(&weights, [1, 8], pattern, ValueType::F16).expect("packs");
    assert_eq!(good.mask()[0], 0b1001_0101);
    let mask = changed(good.mask(), 0, 0b1011_0001);
    assert_eq!(
        NmMatrix::from_parts([1, 8], pattern, mask, good.values().clone()),
        Err(SparseError::Group {
            output: 0,
            group: 0,
            keep: 2,
            got: 1
        })
    );
    assert_eq!(
        NmMatrix::pack(&[1.0; 8], [1, 8], pattern, ValueType::F16),
        Err(SparseError::Crowded {
            output: 0,
            group: 0,
            keep: 2,
            width: 4,
            got: 4
        })
    );
    assert_eq!(
        NmMatrix::pack(&[0.0; 6], [1, 6], pattern, ValueType::F16),
        Err(SparseError::Indivisible { d_input: 6, group: 4 })
    );
    assert!(GroupPattern::new(0, 4).is_err() && GroupPattern::new(5, 4).is_err());
}

#[test]
fn indices_must_ascend_below_the_width() {
    let good = IndexedMatrix::pack(&weights(), [2, 10], ValueType::F16).expect("packs");
    let parts =
        |offsets: Bytes, indices: Bytes| IndexedMatrix::from_parts([2, 10], offsets, indices, good.values().clone());
    assert_eq!(parts(good.offsets().clone(), good.indices().clone()), Ok(good.clone()));
    let index = |index| SparseError::Index {
        output: 0,
        index,
        d_input: 10,
    };
    assert_eq!(
        parts(good.offsets().clone(), changed(good.indices(), 4, 10)),
        Err(index(10))
    );
    assert_eq!(
        parts(good.offsets().clone(), changed(good.indices(), 4, 3)),
        Err(index(3))
    );
    for (byte, value) in [(0, 1), (8, 5), (15, 0x80)] {
        let refused = parts(changed(good.offsets(), byte, value), good.indices().clone());
        assert!(matches!(refused, Err(SparseError::Offset { .. })), "{refused:?}");
    }
    assert!(parts(good.offsets().clone(), good.indices().slice(..7)).is_err());
    let group = Group::new(32).expect("a power of two");
    assert!(IndexedMatrix::pack(&[1.0; 64], [2, 32], ValueType::Int8(group)).is_ok());
    for value_type in [ValueType::Int8(group), ValueType::Int4(Group::USUAL)] {
        let refused = IndexedMatrix::pack(&[1.0; 80], [2, 40], value_type);
        assert!(matches!(refused, Err(SparseError::Combination { .. })));
    }
}

#[test]
fn integers_need_finite_weights() {
    for value in [f32::NAN, f32::INFINITY] {
        let refused = BitmapMatrix::pack(&[0.0, value], [1, 2], ValueType::Int4(Group::USUAL));
        assert!(matches!(refused, Err(SparseError::NotFinite { index: 1, .. })));
    }
    assert!(Group::new(48).is_err() && Group::new(0).is_err() && Group::new(16).is_err());
}

/// As many cases as the environment variable PROPTEST_CASES asks for, to fuzz longer.
fn fuzzing(cases: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(asked.unwrap_or(cases))
}

proptest! {
    #![proptest_config(fuzzing(2000))]

    /// Arbitrary bytes for every part: an error, or a matrix that can be multiplied.
    #[test]
    fn arbitrary_parts_are_refused_or_work(
        d_output in 0usize..4,
        d_input in 0usize..70,
        mask in proptest::collection::vec(any::<u8>(), 0..40),
        offsets in proptest::collection::vec(0u8..4, 0..40),
        values in proptest::collection::vec(any::<u8>(), 0..90),
        fit in any::<bool>(),
    ) {
        let dims = [d_output, d_input];
        let (mut mask, mut offsets, mut values) = (mask, offsets, values);
        if fit {
            // Sizes that agree, so that what is inside them is reached.
            mask.resize(d_output * d_input.div_ceil(8), 0);
            offsets.resize(8 * d_output, 0);
            let ones: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
            values.resize(2 * ones as usize, 1);
        }
        let matrices = [
            BitmapMatrix::from_parts(dims, mask.clone().into(), offsets.clone().into(), f16_values(&values))
                .map(PackedMatrix::Bitmap),
            IndexedMatrix::from_parts(dims, offsets.into(), mask.clone().into(), f16_values(&values))
                .map(PackedMatrix::Indexed),
            NmMatrix::from_parts(dims, GroupPattern::new(2, 4).expect("a pattern"), mask.into(), f16_values(&values))
                .map(PackedMatrix::Nm),
            DenseMatrix::from_parts(dims, f16_values(&values)).map(PackedMatrix::Dense),
        ];
        for matrix in matrices.into_iter().flatten() {
            let mut y = vec![0.0; 2 * d_output];
            for level in Level::available() {
                matrix.multiply(level, &Input::zeros(2, d_input), &mut y);
                prop_assert_eq!(matrix.unpack(level).len(), d_output * d_input);
            }
        }
    }
}
