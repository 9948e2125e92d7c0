//! Selection against a full stable sort.

use proptest::prelude::*;
use secateurs_tensor::{
    Pattern, Scope, Scores, Sparsity, TensorError, keep_in_group, keep_in_groups_into, keep_largest, keep_largest_into,
    select, select_global,
};
use secateurs_testkit::{laws, naive};

use crate::{Mixer, as_f64};

/// Values that are hard to order: both zeros, denormals, infinities, extremes, ties, and any bit pattern but NaN.
fn awkward() -> impl Strategy<Value = f32> {
    let special = vec![
        0.0,
        -0.0,
        f32::from_bits(1),
        -f32::from_bits(1),
        f32::from_bits(0x007f_ffff),
        f32::MIN_POSITIVE,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN,
        1.0,
        -1.0,
    ];
    prop_oneof![
        2 => proptest::sample::select(special),
        2 => (-3i32..4).prop_map(|value| value as f32),
        3 => any::<u32>().prop_map(f32::from_bits).prop_filter("NaN", |value| !value.is_nan()),
    ]
}

fn values_and_count(max: usize) -> impl Strategy<Value = (Vec<f32>, usize)> {
    proptest::collection::vec(awkward(), 0..max).prop_flat_map(|values| {
        let n = values.len();
        (Just(values), 0..=n)
    })
}

fn check(values: &[f32], n_pruned: usize) {
    let keep = keep_largest(values, n_pruned).unwrap();
    laws::prunes_exactly(&keep, n_pruned);
    laws::prunes_lowest_first(&as_f64(values), &keep);
    assert!(
        keep == naive::keep_largest(&as_f64(values), n_pruned),
        "differs from a stable sort"
    );
}

proptest! {
    #[test]
    fn keep_largest_is_a_stable_sort((values, n_pruned) in values_and_count(300)) {
        check(&values, n_pruned);
    }

    #[test]
    fn global_selection_is_a_stable_sort_of_all_layers(
        layers in proptest::collection::vec(proptest::collection::vec(awkward(), 0..60), 1..5),
        sparsity in 0.0..1.0f64,
    ) {
        let sparsity = Sparsity::new(sparsity).unwrap();
        let scores: Vec<Scores> =
            layers.iter().map(|layer| Scores::new(layer.clone(), [1, layer.len()]).unwrap()).collect();
        let masks = select_global(&scores, sparsity).unwrap();
        let together: Vec<bool> = masks.iter().flat_map(|mask| mask.as_slice().to_vec()).collect();
        let all = as_f64(&layers.concat());
        prop_assert_eq!(together, naive::keep_largest(&all, sparsity.pruned_count(all.len())));
        prop_assert!(masks.iter().zip(&scores).all(|(mask, scores)| mask.dims() == scores.dims()));
    }

    #[test]
    fn every_output_loses_the_same(
        values in proptest::collection::vec(awkward(), 120),
        d_input in proptest::sample::select(vec![1usize, 5, 12, 40, 120]),
        sparsity in 0.0..1.0f64,
    ) {
        let sparsity = Sparsity::new(sparsity).unwrap();
        let scores = Scores::new(values.clone(), [120 / d_input, d_input]).unwrap();
        let mask = select(&scores, sparsity.into(), Scope::PerOutput).unwrap();
        let n_pruned = sparsity.pruned_count(d_input);
        for output in 0..120 / d_input {
            laws::prunes_exactly(mask.output(output), n_pruned);
        }
        prop_assert_eq!(mask.as_slice(), naive::keep_per_output(&as_f64(&values), d_input, n_pruned));
    }

    #[test]
    fn every_group_keeps_n(
        values in proptest::collection::vec(awkward(), 240),
        (n_kept, group) in proptest::sample::select(vec![
            (1usize, 1usize), (1, 2), (2, 2), (1, 4), (2, 4), (3, 4), (4, 8), (7, 8), (1, 3), (5, 12), (40, 60),
        ]),
        scope in proptest::sample::select(vec![Scope::PerOutput, Scope::PerLayer, Scope::Global]),
    ) {
        let dims = if 120 % group == 0 { [2, 120] } else { [1, 240] };
        let pattern: Pattern = format!("{n_kept}:{group}").parse().unwrap();
        let mask = select(&Scores::new(values.clone(), dims).unwrap(), pattern, scope).unwrap();
        laws::keeps_per_group(mask.as_slice(), n_kept, group);
        laws::prunes_exactly(mask.as_slice(), pattern.pruned_count(dims));
        let expected = naive::keep_groups(&as_f64(&values), n_kept, group);
        prop_assert_eq!(mask.as_slice(), expected.as_slice());
        let Pattern::Nm(nm) = pattern else { panic!("{pattern} is N:M") };
        let mut keep = vec![false; values.len()];
        keep_in_groups_into(&values, nm, &mut keep).unwrap();
        prop_assert_eq!(&keep, &expected);
        for (values, keep) in values.chunks_exact(group).zip(keep.chunks_exact_mut(group)) {
            keep_in_group(values, n_kept, keep);
        }
        prop_assert_eq!(&keep, &expected);
    }

    #[test]
    fn keep_largest_finds_the_first_nan(
        (mut values, n_pruned) in values_and_count(200),
        position in 0usize..200,
        bits in proptest::sample::select(vec![0x7fc0_0000u32, 0x7f80_0001, 0xffc0_0000, 0xff80_0001, 0xffff_ffff]),
    ) {
        prop_assume!(position < values.len());
        values[position] = f32::from_bits(bits);
        let error = keep_largest(&values, n_pruned).unwrap_err();
        prop_assert!(matches!(error, TensorError::NanValue { index } if index == position), "{}", error);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Sizes that take the histograms.
    #[test]
    fn large_inputs_are_a_stable_sort(
        seed in any::<u64>(),
        n in 16_384usize..40_000,
        fraction in 0.0..=1.0f64,
        kind in 0u8..5,
    ) {
        let mut mixer = Mixer(seed);
        let values: Vec<f32> = (0..n).map(|_| match kind {
            0 => mixer.uniform(),
            1 => mixer.uniform().abs() * 1e-40,
            2 => (mixer.next() % 3) as f32 - 1.0,
            3 => if mixer.next() & 1 == 0 { 0.0 } else { -0.0 },
            // Neighbours that share the upper half of their keys.
            _ => f32::from_bits(0x3f80_0000 | (mixer.next() as u32 & 0x3_ffff)),
        }).collect();
        check(&values, (fraction * n as f64) as usize);
    }
}

#[test]
fn several_pieces_are_counted_together() {
    let n = 1_300_000;
    check(&Mixer(1).uniforms(n), 650_001);
    check(&vec![0.25; n], 700_000);
    check(&vec![-0.0; n], n);
    check(&vec![1.0; n], 0);
    let infinite: Vec<f32> = (0..n)
        .map(|index| [f32::INFINITY, f32::NEG_INFINITY, 0.5][index % 3])
        .collect();
    check(&infinite, n / 2);
}

#[test]
fn large_inputs_find_the_first_nan() {
    let mut values = Mixer(2).uniforms(700_000);
    for (index, bits) in [(690_000, 0xff80_0001), (600_000, 0x7f80_0001), (599_999, 0x7fc0_0000)] {
        values[index] = f32::from_bits(bits);
        let error = keep_largest(&values, 10).unwrap_err();
        assert!(
            matches!(error, TensorError::NanValue { index: got } if got == index),
            "{error}"
        );
        let error = keep_largest(&values, 0).unwrap_err();
        assert!(
            matches!(error, TensorError::NanValue { index: got } if got == index),
            "{error}"
        );
    }
}

#[test]
fn nothing_is_pruned_at_zero() {
    let scores = Scores::new(vec![0.0; 12], [3, 4]).unwrap();
    for scope in [Scope::PerOutput, Scope::PerLayer, Scope::Global] {
        assert_eq!(select(&scores, "0%".parse().unwrap(), scope).unwrap().n_pruned(), 0);
        assert_eq!(select(&scores, "4:4".parse().unwrap(), scope).unwrap().n_pruned(), 0);
    }
    assert_eq!(
        select_global(&[scores], Sparsity::new(0.0).unwrap()).unwrap()[0].n_pruned(),
        0
    );
    assert!(keep_largest(&[], 0).unwrap().is_empty());
    assert!(select_global(&[], Sparsity::new(0.5).unwrap()).unwrap().is_empty());
}

#[test]
fn matrices_without_weights_are_selected() {
    for dims in [[0, 4], [4, 0], [0, 0]] {
        let scores = Scores::new(Vec::new(), dims).unwrap();
        for pattern in ["50%", "2:4"] {
            for scope in [Scope::PerOutput, Scope::PerLayer] {
                assert_eq!(select(&scores, pattern.parse().unwrap(), scope).unwrap().dims(), dims);
            }
        }
    }
}

#[test]
fn long_outputs_are_selected_one_by_one() {
    let d_input = 70_000;
    let values = Mixer(3).uniforms(2 * d_input);
    let scores = Scores::new(values.clone(), [2, d_input]).unwrap();
    let mask = select(&scores, "30%".parse().unwrap(), Scope::PerOutput).unwrap();
    assert!(mask.as_slice() == naive::keep_per_output(&as_f64(&values), d_input, 21_000));
}

#[test]
fn what_cannot_be_selected_is_an_error() {
    assert!(matches!(
        keep_largest(&[1.0], 2),
        Err(TensorError::TooManyPruned { n: 1, n_pruned: 2 })
    ));
    let mut keep = [true; 2];
    assert!(matches!(
        keep_largest_into(&[1.0], 1, &mut keep),
        Err(TensorError::LengthMismatch { .. })
    ));
    assert!(keep_largest_into(&[1.0, f32::NAN], 1, &mut keep).is_err());
    assert_eq!(keep, [true; 2], "an error leaves the buffer alone");

    let scores = Scores::new(vec![0.0; 10], [1, 10]).unwrap();
    let error = select(&scores, "2:4".parse().unwrap(), Scope::PerOutput).unwrap_err();
    assert!(
        matches!(error, TensorError::IndivisibleGroup { d_input: 10, group: 4 }),
        "{error}"
    );

    let error = Scores::new(vec![0.0, 1.0, 2.0, f32::NAN, f32::NAN, 0.0], [2, 3]).unwrap_err();
    assert!(
        matches!(error, TensorError::NanScore { output: 1, input: 0 }),
        "{error}"
    );
    assert!(matches!(
        Scores::new(vec![0.0; 5], [2, 3]),
        Err(TensorError::LengthMismatch { .. })
    ));
    assert!(Scores::new(vec![f32::INFINITY, f32::NEG_INFINITY], [1, 2]).is_ok());
}

#[test]
fn zeros_of_both_signs_tie() {
    assert_eq!(
        keep_largest(&[0.0, -0.0, 0.0, -0.0], 2).unwrap(),
        [false, false, true, true]
    );
    assert_eq!(
        keep_largest(&[-0.0, 0.0], 1).unwrap(),
        keep_largest(&[0.0, -0.0], 1).unwrap()
    );
}

#[test]
fn groups_that_cannot_be_marked_leave_the_buffer() {
    let pattern = "1:2".parse().unwrap();
    let mut keep = [false; 4];
    assert!(matches!(
        keep_in_groups_into(&[1.0; 6], pattern, &mut keep),
        Err(TensorError::LengthMismatch { .. })
    ));
    assert!(matches!(
        keep_in_groups_into(&[1.0, 2.0, 3.0, f32::NAN], pattern, &mut keep),
        Err(TensorError::NanValue { index: 3 })
    ));
    assert!(matches!(
        keep_in_groups_into(&[1.0; 3], pattern, &mut keep[..3]),
        Err(TensorError::IndivisibleGroup { .. })
    ));
    assert_eq!(keep, [false; 4]);
}
