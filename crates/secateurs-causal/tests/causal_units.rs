//! Additive models and their formulas are the same in all units.

mod units;

use secateurs_causal::{
    Additive, AdditiveConfig, AdditiveLearner, FewValues, FormulaConfig, Outcomes, Pooling, PoolingSearch, Result,
    Ridge, Study, pehe,
};
use units::{Map, Units, study};

type Fit = Box<dyn Fn(&Study) -> Result<Additive>>;

/// Every fit of the crate that has a closed form.
fn fits() -> Vec<(String, Fit)> {
    let mut all: Vec<(String, Fit)> = Vec::new();
    for learner in [AdditiveLearner::S, AdditiveLearner::T] {
        for ridge in [
            Ridge::fixed(1.0).unwrap(),
            Ridge::by_gcv([0.01, 0.3, 3.0, 100.0]).unwrap(),
        ] {
            let plain = AdditiveConfig::new(learner, ridge);
            for config in [
                plain.clone().lines(),
                plain.clone().with_few_values(FewValues::Lines),
                plain.with_intervals(5),
            ] {
                let name = format!("{config:?}");
                all.push((name, Box::new(move |study| config.fit(study))));
            }
        }
    }
    let kinds = [
        Pooling::Complete { ridge: 1.0 },
        Pooling::None {
            control: 10.0,
            treated: 1.0,
        },
        Pooling::Partial {
            outcome: 1.0,
            effect: 30.0,
        },
    ];
    let only = |pooling| PoolingSearch {
        candidates: vec![pooling],
        ..PoolingSearch::default()
    };
    for search in kinds.map(only).into_iter().chain([PoolingSearch::default()]) {
        let name = format!(
            "search of {} candidates, first {:?}",
            search.candidates.len(),
            search.candidates[0]
        );
        all.push((name, Box::new(move |study| Ok(search.fit(study)?.0))));
    }
    all
}

fn names(study: &Study) -> Vec<String> {
    (0..study.d_input()).map(|j| format!("v{j}")).collect()
}

#[test]
fn every_fit_is_the_same_in_all_units() {
    let (train, test) = (study(250, 1), study(120, 2));
    // Beyond the training rows, too.
    let x: Vec<f64> = test.x().iter().map(|value| 1.3 * value).collect();
    for (name, fit) in fits() {
        let own = fit(&train).unwrap().outcomes(&x).unwrap();
        for seed in 0..5 {
            let units = Units::random(train.d_input(), seed);
            let model = fit(&units.study(&train)).unwrap();
            let mapped = model.outcomes(&units.rows(&x)).unwrap();
            let distance = units.distance(&train, &own, &mapped);
            assert!(distance < 1e-6, "{name}, seed {seed}: {distance} in {units:?}");
        }
    }
}

#[test]
fn formulas_are_the_same_in_all_units() {
    let (train, test) = (study(400, 3), study(200, 4));
    let formulas = |study: &Study| {
        let (model, _) = PoolingSearch::default().fit(study).unwrap();
        model.formulas(study, &names(study), &FormulaConfig::default()).unwrap()
    };
    let own = formulas(&train);
    let length = own.rounded[1].to_string().len();
    let full = pehe(&own.outcomes(test.x()).unwrap().effects(), &test).unwrap();
    assert!(full < 0.2, "{full}: {}", own.rounded[1]);
    for seed in 0..3 {
        let units = Units::random(train.d_input(), seed + 50);
        let there = formulas(&units.study(&train));
        let x = units.rows(test.x());
        let distance = |own: Outcomes, mapped: Outcomes| units.distance(&train, &own, &mapped);
        let pruned = distance(
            own.pruned.outcomes(test.x()).unwrap(),
            there.pruned.outcomes(&x).unwrap(),
        );
        assert!(pruned < 1e-6, "seed {seed}: {pruned}");
        let rounded = distance(own.outcomes(test.x()).unwrap(), there.outcomes(&x).unwrap());
        assert!(
            rounded < 0.1,
            "seed {seed}: {rounded}\n{}\n{}",
            own.rounded[1],
            there.rounded[1]
        );
        let text = there.rounded[1].to_string();
        // A column far from zero needs digits of its place.
        assert!(text.len() < 2 * length + 40, "{text}\n{}", own.rounded[1]);
        assert!(
            there.stages.iter().all(|stage| stage.within_budget),
            "{:?}",
            there.stages
        );
    }
}

/// Outcome and effect `y = x + t (2 + x)` in units of a power of ten have the digits of the plain ones.
#[test]
fn decades_only_move_the_point() {
    let rows = 300;
    let wave = |row: usize, f: f64| (row as f64 * f).sin();
    let effect = |unit: f64, of_x: f64| {
        let t: Vec<f64> = (0..rows).map(|row| f64::from(row as u32 / 3 % 2)).collect();
        let x: Vec<f64> = (0..rows).map(|row| of_x * wave(row, 1.7)).collect();
        let y =
            (0..rows).map(|row| unit * (0.1 * wave(row, 12.9898) + wave(row, 1.7) + t[row] * (2.0 + wave(row, 1.7))));
        let study = Study::new(x, 1, &t, y.collect()).unwrap();
        let (model, _) = PoolingSearch::default().fit(&study).unwrap();
        let names = ["a".to_owned()];
        let formulas = model.formulas(&study, &names, &FormulaConfig::default()).unwrap();
        formulas.rounded[1].to_string()
    };
    assert_eq!(effect(1.0, 1.0), "a + 2");
    assert_eq!(effect(1e9, 1.0), "1e9*a + 2e9");
    assert_eq!(effect(1e-9, 1.0), "1e-9*a + 2e-9");
    assert_eq!(effect(1e3, 1e2), "10*a + 2000");
}

/// Days as counts from Julius Scaliger or as dates, and a dose in kilograms: the slope of a seventh of a week stays what it is.
#[test]
fn a_column_far_from_zero_keeps_its_effect() {
    let week = |days: Map, seed: f64| {
        let (mut x, mut t, mut y) = (vec![], vec![], vec![]);
        let mut truth = Outcomes {
            mu0: vec![],
            mu1: vec![],
        };
        for row in 0..350u32 {
            let day = f64::from(row % 5);
            let w = (f64::from(row) * 2.3 + seed).cos();
            let treated = f64::from((row / 5) % 2);
            let (mu0, mu1) = (1.0 - w, 2.0 - w + 0.4 * day);
            x.extend([days.of(day), w]);
            t.push(treated);
            y.push(mu0 + treated * (mu1 - mu0) + 0.1 * (f64::from(row) * 7.77 + seed).sin());
            truth.mu0.push(mu0);
            truth.mu1.push(mu1);
        }
        Study::new(x, 2, &t, y).unwrap().with_truth(truth).unwrap()
    };
    for (scale, shift) in [
        (1.0, 0.0),
        (1.0, 2_451_544.5),
        (1.0, 20_260_301.0),
        (1e-6, 0.0),
        (-86_400.0, 1.7e9),
    ] {
        let days = Map { scale, shift };
        let (train, test) = (week(days, 1.0), week(days, 2.0));
        let (model, _) = PoolingSearch::default().fit(&train).unwrap();
        let error = pehe(&model.effects(test.x()).unwrap(), &test).unwrap();
        assert!(error < 0.03, "{days:?}: {error}");
        let names = ["day".to_owned(), "w".to_owned()];
        let formulas = model.formulas(&train, &names, &FormulaConfig::default()).unwrap();
        let error = pehe(&formulas.outcomes(test.x()).unwrap().effects(), &test).unwrap();
        let text = formulas.rounded[1].to_string();
        assert!(
            error < 0.05 && text.contains("*day") && text.len() < 30,
            "{days:?}: {error}, {text}"
        );
    }
}
