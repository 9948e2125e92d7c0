//! Columns that are categories, that are the treatment, or that say nothing; and penalties that cannot be used.

use secateurs_causal::{
    AdditiveConfig, AdditiveLearner, Arm, CausalError, Column, FewValues, FormulaConfig, Pooling, PoolingSearch,
    Result, Ridge, Study, Synthetic,
};

fn wave(row: usize, frequency: f64) -> f64 {
    (row as f64 * frequency).sin()
}

fn ridge_of(learner: AdditiveLearner) -> AdditiveConfig {
    AdditiveConfig::new(learner, Ridge::fixed(1.0).unwrap())
}

/// Rows whose effect is that of their category, `row % levels.len()`, coded by `code`.
fn categories(effects: &[f64], code: impl Fn(usize) -> f64) -> Study {
    let n = effects.len();
    let rows = 60 * n;
    let t: Vec<f64> = (0..rows).map(|row| f64::from((row / n % 2) as u8)).collect();
    let x = (0..rows).flat_map(|row| [code(row % n), wave(row, 1.3)]).collect();
    let y = (0..rows).map(|row| wave(row, 1.3) + t[row] * effects[row % n] + 0.1 * wave(row, 12.9898));
    Study::new(x, 2, &t, y.collect()).unwrap()
}

#[test]
fn every_category_has_its_own_effect() {
    let codes: [fn(usize) -> f64; 3] = [|k| k as f64, |k| 101.0 + k as f64, |k| (k * k) as f64 - 3.5];
    for effects in [
        &[1.5, 3.0, 1.5][..],
        &[0.0, 2.0, -1.0, 1.0],
        &[1.0, -1.0, 2.0, 0.0, 3.0, 1.0, -2.0],
    ] {
        for code in codes {
            let study = categories(effects, code);
            let rows: Vec<f64> = (0..effects.len()).flat_map(|k| [code(k), 0.2]).collect();
            let (model, choice) = PoolingSearch::default().fit(&study).unwrap();
            assert_eq!(choice.few_values, FewValues::Levels);
            assert_eq!(model.lines_of_few_values(), Vec::<usize>::new());
            let term = &model.arm(Arm::Treated).terms()[0];
            assert!(term.has_levels() && term.knots().len() == effects.len());
            let close = |got: &[f64], most: f64| {
                let far = got.iter().zip(effects).any(|(got, effect)| (got - effect).abs() > most);
                assert!(!far, "{got:?} {effects:?}");
            };
            close(&model.effects(&rows).unwrap(), 0.1);
            let names = ["group".to_owned(), "w".to_owned()];
            let formulas = model.formulas(&study, &names, &FormulaConfig::default()).unwrap();
            close(&formulas.outcomes(&rows).unwrap().effects(), 0.15);
            let text = formulas.rounded[1].to_string();
            assert!(text.contains("group") && text.len() < 30 * effects.len(), "{text}");
            // Without a choice, too, and lines say that they are lines.
            close(
                &ridge_of(AdditiveLearner::T)
                    .fit(&study)
                    .unwrap()
                    .effects(&rows)
                    .unwrap(),
                0.1,
            );
            let lines = ridge_of(AdditiveLearner::T).with_few_values(FewValues::Lines);
            assert_eq!(lines.fit(&study).unwrap().lines_of_few_values(), [0]);
        }
    }
}

/// Between two levels a term is a line, beyond the last one it is constant.
#[test]
fn levels_are_joined() {
    let study = categories(&[1.0, 3.0, 2.0], |k| 10.0 * k as f64);
    let model = ridge_of(AdditiveLearner::T).fit(&study).unwrap();
    let term = &model.arm(Arm::Treated).terms()[0];
    let at = |value: f64| term.at(value);
    assert!((at(5.0) - 0.5 * (at(0.0) + at(10.0))).abs() < 1e-12);
    assert!((at(12.5) - 0.75 * at(10.0) - 0.25 * at(20.0)).abs() < 1e-12);
    assert_eq!((at(-50.0), at(99.0)), (at(0.0), at(20.0)));
}

#[test]
fn a_line_stays_a_line_where_levels_say_no_more() {
    let study = categories(&[1.0, 2.0, 3.0, 4.0], |k| k as f64);
    let (model, choice) = PoolingSearch::default().fit(&study).unwrap();
    assert_eq!(choice.few_values, FewValues::Lines);
    assert_eq!(model.lines_of_few_values(), [0]);
    assert!((model.effects(&[3.0, 0.0]).unwrap()[0] - 4.0).abs() < 0.1);
}

/// Synthetic rows with one more column.
fn with_column(study: &Study, column: impl Fn(usize) -> f64) -> Study {
    let x = (0..study.rows()).flat_map(|row| [study.row(row), &[column(row)]].concat());
    Study::new(
        x.collect(),
        study.d_input() + 1,
        &study.treatment(),
        study.outcome().to_vec(),
    )
    .unwrap()
}

fn all_fits(study: &Study) -> Vec<Result<()>> {
    let mut all = vec![PoolingSearch::default().fit(study).map(|_| ())];
    for learner in [AdditiveLearner::S, AdditiveLearner::T] {
        all.push(ridge_of(learner).fit(study).map(|_| ()));
    }
    all
}

#[test]
fn a_column_that_is_the_treatment_is_refused_by_its_number() {
    let study = Synthetic::new(200).study(1).unwrap();
    let treated = |row: usize| study.treatment()[row];
    let affine: [&dyn Fn(usize) -> f64; 4] = [
        &treated,
        &|row| 1.0 - treated(row),
        &|row| 1e9 + 1e-3 * treated(row),
        &|row| -5.0 * treated(row),
    ];
    for column in affine {
        for fitted in all_fits(&with_column(&study, column)) {
            let error = fitted.unwrap_err();
            assert!(
                matches!(
                    error,
                    CausalError::IsTreatment {
                        column: Column::Covariate(5)
                    }
                ),
                "{error}"
            );
            assert!(error.to_string().contains("covariate 5"), "{error}");
        }
    }
    // However few the rows.
    let tiny = Study::new(
        vec![0.0, 1.0, 0.0, 1.0],
        1,
        &[0.0, 1.0, 0.0, 1.0],
        vec![1.0, 2.0, 3.0, 4.0],
    )
    .unwrap();
    assert!(all_fits(&tiny).iter().skip(1).all(Result::is_err));
}

#[test]
fn a_column_that_separates_the_arms_is_refused() {
    let study = Synthetic::new(200).study(1).unwrap();
    let treated = |row: usize| study.treatment()[row];
    let apart: [&dyn Fn(usize) -> f64; 4] = [
        // A threshold on either side, far and near.
        &|row| 3.0 * treated(row) + wave(row, 1.1),
        &|row| -2.01 * treated(row) + wave(row, 1.1),
        &|row| 1.7e9 + 10.0 * treated(row) + wave(row, 1.1),
        // A category that only one arm has.
        &|row| {
            if treated(row) == 1.0 {
                1.0
            } else {
                f64::from(row as u8 % 2 * 2)
            }
        },
    ];
    for column in apart {
        for fitted in all_fits(&with_column(&study, column)) {
            let error = fitted.unwrap_err();
            assert!(
                matches!(
                    error,
                    CausalError::Separates {
                        column: Column::Covariate(5),
                        ..
                    }
                ),
                "{error}"
            );
        }
    }
}

#[test]
fn overlap_that_is_partial_or_missing_by_chance_is_no_error() {
    let study = Synthetic::new(200).study(1).unwrap();
    let treated = |row: usize| study.treatment()[row];
    let first_control = study.rows_of(Arm::Control)[0];
    let overlapping: [&dyn Fn(usize) -> f64; 3] = [
        // One row among those of the other arm.
        &|row| {
            if row == first_control {
                3.0
            } else {
                3.0 * treated(row) + wave(row, 1.1)
            }
        },
        // A group that only treated rows belong to.
        &|row| f64::from(u8::from(treated(row) == 1.0 && row % 7 == 0)),
        &|_| 4.0,
    ];
    for column in overlapping {
        assert!(all_fits(&with_column(&study, column)).iter().all(Result::is_ok));
    }
    // In small studies columns separate the arms by chance: 2 / C(8, 4) is 1 in 35.
    let x = (0..8).map(f64::from).collect();
    let small = Study::new(
        x,
        1,
        &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0],
        (0..8).map(f64::from).collect(),
    )
    .unwrap();
    assert!(ridge_of(AdditiveLearner::T).fit(&small).is_ok());
}

#[test]
fn penalties_that_cannot_be_used_are_skipped() {
    let t: Vec<f64> = (0..14).map(|row| f64::from(row % 2)).collect();
    let x = (0..14).flat_map(|row| [wave(row, 1.7), wave(row, 0.777)]).collect();
    let y = (0..14).map(|row| wave(row, 12.9898)).collect();
    let study = Study::new(x, 2, &t, y).unwrap();
    let by_gcv = |penalties: &[f64]| {
        let ridge = Ridge::by_gcv(penalties.iter().copied()).unwrap();
        AdditiveConfig::new(AdditiveLearner::T, ridge).fit(&study)
    };
    let (some, plain) = (
        by_gcv(&[1e-300, 1e-2, 1e-200, 1.0]).unwrap(),
        by_gcv(&[1e-2, 1.0]).unwrap(),
    );
    for arm in Arm::BOTH {
        assert_eq!(some.arm(arm).skipped_penalties(), [1e-300, 1e-200]);
        assert_eq!(some.arm(arm).penalty(), plain.arm(arm).penalty());
        assert_eq!(some.arm(arm).terms(), plain.arm(arm).terms());
        assert!(plain.arm(arm).skipped_penalties().is_empty());
    }
    for penalties in [&[1e-300, 1e-200][..], &[1e-300]] {
        let error = by_gcv(penalties).unwrap_err();
        assert!(
            matches!(error, CausalError::Singular { ridge: 1e-300, .. }),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(text.contains("1e-300") && text.len() < 200, "{text}");
    }
    // Candidates of a search likewise.
    let none = |ridge| Pooling::None {
        control: ridge,
        treated: ridge,
    };
    let search = |candidates: Vec<Pooling>| PoolingSearch {
        candidates,
        folds: 2,
        ..PoolingSearch::default()
    };
    let (_, choice) = search(vec![none(1e-300), none(1.0)]).fit(&study).unwrap();
    assert_eq!(choice.pooling, none(1.0));
    assert!(choice.errors[0].is_infinite() && choice.errors[1].is_finite());
    assert!(matches!(
        search(vec![none(1e-300)]).fit(&study),
        Err(CausalError::Singular { .. })
    ));
}

#[test]
fn constant_outcomes_are_constants() {
    for value in [0.1, 0.0, -7.0, 1e9, 1.0 / 3.0] {
        let x: Vec<f64> = (0..60)
            .flat_map(|row| [f64::from(row % 2), wave(row as usize, 1.0)])
            .collect();
        let t: Vec<f64> = (0..60).map(|row| f64::from(row / 2 % 2)).collect();
        let study = Study::new(x, 2, &t, vec![value; 60]).unwrap();
        let (model, _) = PoolingSearch::default().fit(&study).unwrap();
        let outcomes = model.outcomes(study.x()).unwrap();
        assert!(
            outcomes.mu0.iter().chain(&outcomes.mu1).all(|mu| *mu == value),
            "{value}"
        );
        let names = ["b".to_owned(), "w".to_owned()];
        let formulas = model.formulas(&study, &names, &FormulaConfig::default()).unwrap();
        let text = formulas.rounded[0].to_string();
        assert!(
            text.len() < 10 && (text.parse::<f64>().unwrap() - value).abs() <= 1e-5 * value.abs(),
            "{text}"
        );
        assert_eq!(formulas.rounded[1].to_string(), "0");
    }
}
