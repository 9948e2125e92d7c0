//! Selection among units, against a removal one by one.

use proptest::prelude::*;
use secateurs_tensor::{KeptUnits, TensorError, UnitKind, UnitScores, keep_units};
use secateurs_testkit::laws::{self, ChosenUnits};
use secateurs_testkit::naive;

/// Scores with ties, infinities and both zeros.
fn scores() -> impl Strategy<Value = Vec<f64>> {
    let special = prop::sample::select(vec![
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        1.0,
    ]);
    prop::collection::vec(
        prop_oneof![2 => special, 1 => -3.0..3.0, 1 => (-2_i8..3).prop_map(f64::from)],
        0..20,
    )
}

fn keep(scores: &[f64], n_removed: usize, floor: usize) -> KeptUnits {
    keep_units(&UnitScores::new(scores.to_vec()).expect("no NaN"), n_removed, floor)
}

proptest! {
    #[test]
    fn units_go_one_by_one(scores in scores(), n_removed in 0_usize..25, floor in 0_usize..25) {
        let kept = keep(&scores, n_removed, floor);
        prop_assert_eq!(kept.indices(), naive::keep_units(&scores, n_removed, floor));
        let mask = kept.to_mask();
        prop_assert_eq!(mask.len(), scores.len());
        prop_assert_eq!(mask.iter().filter(|stays| !**stays).count(), kept.n_removed());
        laws::prunes_lowest_first(&scores, &mask);
        prop_assert_eq!((kept.n_units(), kept.requested_removed()), (scores.len(), n_removed));
    }

    #[test]
    fn selection_obeys_the_laws(scores in scores()) {
        let select = |scores: &[f64], n_removed: usize, floor: usize| {
            let kept = keep(scores, n_removed, floor);
            ChosenUnits { is_clipped: kept.is_clipped(), kept: kept.into_indices() }
        };
        laws::selects_units(select, &scores);
    }

    #[test]
    fn a_threshold_is_a_count(scores in scores(), threshold in prop_oneof![
        4 => -3.0..3.0, 1 => Just(0.0), 1 => Just(-0.0), 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY),
        1 => Just(f64::NAN),
    ]) {
        let n_removed = UnitScores::new(scores.clone()).expect("no NaN").count_up_to(threshold);
        let expected: Vec<usize> = (0..scores.len()).filter(|unit| scores[*unit].partial_cmp(&threshold).is_none_or(|order| order.is_gt())).collect();
        let kept = keep(&scores, n_removed, 0);
        prop_assert_eq!(kept.indices(), expected);
    }

    #[test]
    fn the_first_nan_is_named(mut scores in scores(), unit in 0_usize..20) {
        prop_assume!(unit < scores.len());
        scores[unit] = f64::NAN;
        scores.push(f64::NAN);
        let error = UnitScores::new(scores).expect_err("there is a NaN");
        prop_assert!(matches!(error, TensorError::NanUnitScore { unit: first } if first == unit), "{error}");
    }
}

#[test]
fn a_report_says_what_was_asked_for_and_what_is_left() {
    let report = keep(&[1.0, 2.0, 3.0], 3, 1).report(UnitKind::Expert, "layers.2");
    assert_eq!((report.before, report.requested, report.after), (3, 0, 1));
    assert!(report.is_clipped());
    let report = keep(&[1.0, 2.0, 3.0], 7, 0).report(UnitKind::Expert, "layers.2");
    assert_eq!(
        (report.requested, report.after),
        (0, 0),
        "more than all cannot be asked for"
    );
    assert!(!report.is_clipped());
    let report = keep(&[1.0, 2.0, 3.0], 1, 2).report(UnitKind::Channel, "conv");
    assert_eq!((report.requested, report.after, report.is_clipped()), (2, 2, false));
}
