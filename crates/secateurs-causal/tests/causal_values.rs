//! Summaries, metrics and drawings refuse what is no number, and lists of different lengths.

use secateurs_causal::plots::{Dependence, Hue, Ice, Level, Radar, RadarGroup, dependence_plot, ice_plot, radar_plot};
use secateurs_causal::{
    CausalError, Outcomes, Result, Study, Summary, average_effect, average_effect_error, factual_error, holm, pehe,
    policy_regret, policy_risk, wilcoxon,
};

fn study() -> Study {
    let x = vec![0.3, 0.1, 0.4, 0.2];
    let study = Study::new(x, 1, &[0.0, 1.0, 0.0, 1.0], vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let truth = Outcomes {
        mu0: vec![1.0; 4],
        mu1: vec![2.0, 3.0, 2.0, 3.0],
    };
    study.with_truth(truth).unwrap()
}

fn with_outcomes(f: fn(&Outcomes, &Study) -> Result<f64>, values: &[f64]) -> [Result<f64>; 2] {
    let fine = vec![0.5; 4];
    let of = |mu0: &[f64], mu1: &[f64]| {
        let outcomes = Outcomes {
            mu0: mu0.to_vec(),
            mu1: mu1.to_vec(),
        };
        f(&outcomes, &study())
    };
    [of(values, &fine), of(&fine, values)]
}

/// Every number that the crate makes of a list of four.
fn all(values: &[f64]) -> Vec<Result<f64>> {
    let study = study();
    let fine = [0.1, 0.2, 0.3, 0.4];
    let mut all = vec![
        pehe(values, &study),
        average_effect(values),
        average_effect_error(values, &study),
        policy_regret(values, &study),
        policy_risk(values, &study),
        Summary::of(values).map(|summary| summary.deviation),
        holm(values).map(|adjusted| adjusted.iter().sum()),
        wilcoxon(values, &fine),
        wilcoxon(&fine, values),
    ];
    all.extend(with_outcomes(factual_error, values));
    all
}

#[test]
fn what_is_no_number_is_refused_by_all() {
    assert!(
        all(&[0.1, 0.9, 0.2, 0.8])
            .into_iter()
            .all(|value| value.unwrap().is_finite())
    );
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for at in 0..4 {
            let mut values = [0.1, 0.9, 0.2, 0.8];
            values[at] = bad;
            for (metric, got) in all(&values).into_iter().enumerate() {
                let is_refused = matches!(got, Err(CausalError::NotFinite { row, .. }) if row == at);
                assert!(is_refused, "metric {metric}: {bad} in row {at} gives {got:?}");
            }
        }
    }
}

#[test]
fn lists_of_another_length_are_refused_by_all_that_compare() {
    for values in [&[0.1, 0.9, 0.2][..], &[0.1, 0.9, 0.2, 0.8, 0.5], &[]] {
        let got = all(values);
        let alone = [1, 5, 6];
        for (metric, got) in got
            .into_iter()
            .enumerate()
            .filter(|(metric, _)| !alone.contains(metric))
        {
            assert!(
                matches!(got, Err(CausalError::Length { .. })),
                "metric {metric}: {got:?}"
            );
        }
    }
    assert!(matches!(average_effect(&[]), Err(CausalError::TooFewRows { .. })));
    assert_eq!(holm(&[]).unwrap(), Vec::<f64>::new());
}

#[test]
fn p_values_lie_between_zero_and_one() {
    for bad in [-1e-9, 1.5] {
        assert!(
            matches!(holm(&[0.5, bad]), Err(CausalError::OutOfRange { .. })),
            "{bad}"
        );
    }
    assert_eq!(holm(&[0.0, 1.0]).unwrap(), [0.0, 1.0]);
}

#[test]
fn summaries_hold_for_values_of_any_size() {
    for factor in [1e-300, 1e-9, 1.0, 1e9, 1e300] {
        let summary = Summary::of(&[1.0, 3.0, 5.0, 7.0].map(|value| factor * value)).unwrap();
        assert!((summary.mean / factor - 4.0).abs() < 1e-12, "{factor}: {summary:?}");
        assert!(
            (summary.deviation / factor - (20f64 / 3.0).sqrt()).abs() < 1e-12,
            "{factor}: {summary:?}"
        );
    }
    let far = Summary::of(&[1e9 + 1.0, 1e9 + 3.0]).unwrap();
    assert!(
        (far.mean - 1e9 - 2.0).abs() < 1e-6 && (far.deviation - 2f64.sqrt()).abs() < 1e-6,
        "{far:?}"
    );
    assert_eq!(Summary::of(&[0.1; 60]).unwrap().deviation, 0.0);
}

#[test]
fn drawings_refuse_what_is_no_number() {
    let names = vec!["a".to_owned(), "b".to_owned()];
    for bad in [f64::NAN, f64::INFINITY] {
        for at in 0..4 {
            let mut values = [0.1, 0.9, 0.2, 0.8];
            values[at] = bad;
            let fine = [1.0, 2.0, 3.0, 4.0];
            let dependence = |x, term| {
                dependence_plot(&Dependence {
                    title: "",
                    variable: "",
                    contribution: "",
                    x,
                    term,
                    marked: &[],
                })
            };
            let ice = |grid, curves, x, hue| {
                ice_plot(&Ice {
                    title: "",
                    variable: "",
                    prediction: "",
                    grid,
                    curves,
                    x,
                    level: Level::AsPredicted,
                    hue: Some(Hue { name: "", values: hue }),
                })
            };
            let radar = |constant, terms| {
                let groups = [RadarGroup {
                    name: "",
                    constant,
                    terms,
                }];
                radar_plot(&Radar {
                    title: "",
                    variables: &names,
                    groups: &groups,
                    individual: 0,
                    max_axes: 2,
                })
            };
            let drawings = [
                dependence(&values, &fine),
                dependence(&fine, &values),
                ice(&values, &fine, &fine, &[1.0]),
                ice(&fine, &values, &fine, &[1.0]),
                ice(&fine, &fine, &values, &[1.0]),
                ice(&fine, &fine, &fine, &[bad]),
                radar(0.0, &values),
                radar(bad, &fine),
            ];
            for (drawing, got) in drawings.into_iter().enumerate() {
                assert!(
                    matches!(got, Err(CausalError::NotFinite { .. })),
                    "drawing {drawing}: {got:?}"
                );
            }
        }
    }
}
