//! Studies that are refused, and numbers that can be computed by hand.

use proptest::prelude::*;
use secateurs_causal::{
    Arm, CausalError, Column, Outcomes, Study, Summary, Synthetic, average_effect, average_effect_error, holm, pehe,
    policy_regret, policy_risk, wilcoxon,
};
use secateurs_testkit::laws;

/// Four rows, one covariate; effects 1, 2, -1, 4.
fn study() -> Study {
    let study = Study::new(
        vec![0.0, 1.0, 2.0, 3.0],
        1,
        &[0.0, 1.0, 1.0, 0.0],
        vec![1.0, 0.0, 1.0, 0.0],
    )
    .unwrap();
    let truth = Outcomes {
        mu0: vec![1.0, 0.0, 2.0, 0.0],
        mu1: vec![2.0, 2.0, 1.0, 4.0],
    };
    study.with_truth(truth).unwrap()
}

#[test]
fn effects_by_hand() {
    let study = study();
    let effects = [1.0, 4.0, 1.0, 4.0];
    // Errors 0, 2, 2, 0.
    assert_eq!(pehe(&effects, &study).unwrap(), 2f64.sqrt());
    assert_eq!(average_effect(&effects).unwrap(), 2.5);
    assert_eq!(average_effect_error(&effects, &study).unwrap(), 1.0);
    let exact = study.truth().unwrap().effects();
    assert_eq!(pehe(&exact, &study).unwrap(), 0.0);
}

#[test]
fn policies_by_hand() {
    let study = study();
    // Treats all: row 2 loses 1 of 4 rows.
    assert_eq!(policy_regret(&[1.0, 1.0, 1.0, 1.0], &study).unwrap(), 0.25);
    assert_eq!(policy_regret(&[1.0, 1.0, -1.0, 1.0], &study).unwrap(), 0.0);
    // Rows 1, 2, 3 are to be treated, of which 1 and 2 were, with mean outcome 1/2; row 0 is not, and was not, outcome 1.
    let risk = policy_risk(&[-1.0, 1.0, 1.0, 1.0], &study).unwrap();
    assert_eq!(risk, 1.0 - (0.5 * 0.75 + 1.0 * 0.25));
    // All treated: the mean of the treated.
    assert_eq!(policy_risk(&[1.0; 4], &study).unwrap(), 0.5);
    let refused = policy_risk(&[1.0, -1.0, -1.0, 1.0], &study);
    assert!(
        matches!(refused, Err(CausalError::NoOverlap { rows: 2, .. })),
        "{refused:?}"
    );
}

#[test]
fn summaries_by_hand() {
    let summary = Summary::of(&[1.0, 3.0, 5.0, 7.0]).unwrap();
    assert_eq!((summary.n, summary.mean), (4, 4.0));
    laws::close(
        &[summary.deviation, summary.standard_error()],
        &[(20f64 / 3.0).sqrt(), (5f64 / 3.0).sqrt()],
        1e-15,
        0.0,
    );
    assert_eq!(Summary::of(&[2.0]).unwrap().deviation, 0.0);
    assert!(matches!(Summary::of(&[]), Err(CausalError::TooFewRows { .. })));
}

#[test]
fn signed_ranks_by_hand() {
    // Differences 1, 2, -3, 4: positive ranks 1 + 2 + 4 = 7. Of 16 sums, those of at least 7 are 7 (twice), 8, 9 and 10.
    let p = wilcoxon(&[0.0; 4], &[1.0, 2.0, -3.0, 4.0]).unwrap();
    assert_eq!(p, 5.0 / 16.0);
    // Ties and a zero: |d| = 1, 1, 2 have ranks 1.5, 1.5, 3; W = 4.5 of 1.5 and 3. Sums of at least 4.5: 4.5 (twice), 6.
    let p = wilcoxon(&[0.0; 4], &[1.0, -1.0, 0.0, 2.0]).unwrap();
    assert_eq!(p, 3.0 / 8.0);
    assert_eq!(wilcoxon(&[1.0, 2.0], &[1.0, 2.0]).unwrap(), 1.0);
}

#[test]
fn holm_by_hand() {
    // 0.01 * 3, then 0.02 * 2, then the larger of that and 0.03 * 1.
    laws::close(&holm(&[0.03, 0.01, 0.02]).unwrap(), &[0.04, 0.03, 0.04], 1e-15, 0.0);
    assert_eq!(holm(&[0.9, 0.8]).unwrap(), vec![1.0, 1.0]);
}

#[test]
fn studies_that_are_none() {
    let new = |x: &[f64], t: &[f64], y: &[f64]| Study::new(x.to_vec(), 1, t, y.to_vec());
    let nan = new(&[1.0, f64::NAN], &[0.0, 1.0], &[0.0, 1.0]);
    let at = Column::Covariate(0);
    assert!(
        matches!(nan, Err(CausalError::NotFinite { column, row: 1, .. }) if column == at),
        "{nan:?}"
    );
    let infinite = new(&[1.0, 2.0], &[0.0, 1.0], &[f64::INFINITY, 1.0]);
    assert!(matches!(
        infinite,
        Err(CausalError::NotFinite {
            column: Column::Outcome,
            row: 0,
            ..
        })
    ));
    let short = new(&[1.0], &[0.0, 1.0], &[0.0, 1.0]);
    assert!(
        matches!(
            short,
            Err(CausalError::Length {
                expected: 2,
                got: 1,
                ..
            })
        ),
        "{short:?}"
    );
    let half = new(&[1.0, 2.0], &[0.0, 0.5], &[0.0, 1.0]);
    assert!(
        matches!(half, Err(CausalError::NotATreatment { row: 1, value: 0.5 })),
        "{half:?}"
    );
    let treated = new(&[1.0, 2.0], &[1.0, 1.0], &[0.0, 1.0]);
    let of = Arm::Treated;
    assert!(
        matches!(treated, Err(CausalError::SingleArm { arm, rows: 2 }) if arm == of),
        "{treated:?}"
    );
    let one = new(&[1.0], &[1.0], &[0.0]);
    assert!(matches!(one, Err(CausalError::TooFewRows { got: 1, .. })), "{one:?}");
    assert!(matches!(study().select(&[1, 2]), Err(CausalError::SingleArm { .. })));
    assert!(matches!(
        study().select(&[0, 9]),
        Err(CausalError::NoSuchRow { row: 9, rows: 4 })
    ));
    let unknown = new(&[1.0, 2.0], &[0.0, 1.0], &[0.0, 1.0]).unwrap();
    assert!(matches!(pehe(&[0.0, 0.0], &unknown), Err(CausalError::NoTruth)));
    assert!(matches!(pehe(&[0.0], &study()), Err(CausalError::Length { .. })));
    assert!(matches!(
        pehe(&[0.0, 0.0, f64::NAN, 0.0], &study()),
        Err(CausalError::NotFinite { row: 2, .. })
    ));
}

#[test]
fn the_last_rows() {
    let (first, last) = study().split_last(0.5).unwrap();
    assert_eq!((first.x(), last.x()), (&[0.0, 1.0][..], &[2.0, 3.0][..]));
    assert_eq!(last.truth().unwrap().mu1, vec![1.0, 4.0]);
    assert!(matches!(study().split_last(1.0), Err(CausalError::OutOfRange { .. })));
}

proptest! {
    #[test]
    fn random_parts_hold_every_row_once(rows in 20usize..120, share in 0.01..0.99f64, seed in 0u64..9) {
        let study = Synthetic::new(rows).study(seed).unwrap();
        prop_assume!([Arm::Control, Arm::Treated].iter().all(|arm| study.n_of(*arm) > 1));
        let (first, second) = study.split(share, seed).unwrap();
        prop_assert_eq!(first.rows() + second.rows(), rows);
        for arm in [Arm::Control, Arm::Treated] {
            let wanted = (share * study.n_of(arm) as f64).round().clamp(1.0, study.n_of(arm) as f64 - 1.0);
            prop_assert_eq!(second.n_of(arm), wanted as usize);
        }
        let mut outcomes = [first.outcome(), second.outcome()].concat();
        let mut all = study.outcome().to_vec();
        outcomes.sort_by(f64::total_cmp);
        all.sort_by(f64::total_cmp);
        prop_assert_eq!(outcomes, all);
    }

    #[test]
    fn one_of_the_two_sides_is_likely(values in proptest::collection::vec(-3..4i32, 1..14)) {
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        let zeros = vec![0.0; values.len()];
        let (up, down) = (wilcoxon(&zeros, &values).unwrap(), wilcoxon(&values, &zeros).unwrap());
        // P(W >= w) + P(W <= w) counts P(W = w) twice.
        prop_assert!(up + down >= 1.0 - 1e-12 && up <= 1.0 && down <= 1.0, "{} {}", up, down);
    }
}
