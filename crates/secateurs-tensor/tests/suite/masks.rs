//! `KeepMask`.

use proptest::prelude::*;
use secateurs_tensor::{KeepMask, NmPattern, TensorError, WeightMatrix};
use secateurs_testkit::{device, laws};

#[test]
fn masks_count_and_index() {
    let mask = KeepMask::new(vec![true, false, false, true, true, true], [2, 3]).unwrap();
    assert_eq!((mask.n_kept(), mask.n_pruned(), mask.dims()), (4, 2, [2, 3]));
    assert!((mask.sparsity() - 1.0 / 3.0).abs() < 1e-15);
    assert!(mask.keeps(0, 0) && !mask.keeps(0, 2));
    assert_eq!(mask.output(1), [true, true, true]);
    assert_eq!(KeepMask::all([2, 3]).n_pruned(), 0);
    assert!(matches!(
        KeepMask::new(vec![true; 5], [2, 3]),
        Err(TensorError::LengthMismatch { .. })
    ));
}

#[test]
fn nonzeros_are_of_either_sign_and_size() {
    let weight = WeightMatrix::new(vec![0.0, -0.0, f32::from_bits(1), -1.0], [1, 4]).unwrap();
    assert_eq!(KeepMask::of_nonzeros(&weight).as_slice(), [false, false, true, true]);
}

#[test]
fn a_mask_of_other_dimensions_changes_nothing() {
    let mut weight = WeightMatrix::new(vec![-1.0; 6], [2, 3]).unwrap();
    let error = KeepMask::new(vec![false; 6], [3, 2])
        .unwrap()
        .apply(&mut weight)
        .unwrap_err();
    assert!(
        matches!(
            error,
            TensorError::DimsMismatch {
                expected: [2, 3],
                got: [3, 2],
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(weight.values(), [-1.0; 6]);
}

#[test]
fn groups_are_checked() {
    let pattern = NmPattern::new(2, 4).unwrap();
    let mut keep = vec![true, true, false, false, false, false, false, true];
    assert!(
        KeepMask::new(keep.clone(), [1, 8]).unwrap().check_nm(pattern).is_ok(),
        "a group may keep less"
    );
    keep.extend([false, true, false, true, true, false, true, true]);
    let error = KeepMask::new(keep, [2, 8]).unwrap().check_nm(pattern).unwrap_err();
    assert!(
        matches!(
            error,
            TensorError::NmViolated {
                output: 1,
                input: 4,
                kept: 3,
                keep: 2
            }
        ),
        "{error}"
    );
    let error = KeepMask::all([1, 6]).check_nm(pattern).unwrap_err();
    assert!(
        matches!(error, TensorError::IndivisibleGroup { d_input: 6, group: 4 }),
        "{error}"
    );
}

#[test]
fn tensors_have_burns_layout() {
    let mask = KeepMask::new(vec![true, false, false, true, true, false], [2, 3]).unwrap();
    let tensor = mask.to_linear_tensor(&device());
    assert_eq!(tensor.dims(), [3, 2]);
    let values = tensor.into_data().iter::<bool>().collect::<Vec<_>>();
    assert_eq!(values, [true, true, false, true, false, false]);
}

proptest! {
    #[test]
    fn applied_zeros_carry_no_sign(
        entries in proptest::collection::vec((any::<f32>(), any::<bool>()), 1..200),
    ) {
        let (values, keep): (Vec<f32>, Vec<bool>) = entries.into_iter().unzip();
        let dims = [1, values.len()];
        let mut weight = WeightMatrix::new(values.clone(), dims).unwrap();
        KeepMask::new(keep.clone(), dims).unwrap().apply(&mut weight).unwrap();
        laws::zeros_are_positive(weight.values(), &keep);
        for ((before, after), keep) in values.iter().zip(weight.values()).zip(&keep) {
            prop_assert!(!keep || *before == 0.0 || before.to_bits() == after.to_bits());
        }
    }
}
