//! Learners of networks are the same in all units of covariates and outcomes.

mod units;

use burn::tensor::{Device, FloatDType};
use secateurs_causal::{
    Base, CausalError, Column, KanBase, Learner, LearnerConfig, MlpBase, Network, Outcomes, Retraining, Studies, Study,
    Synthetic, pehe,
};
use secateurs_kan::{BasisConfig, FormulaSearch, Optimizer, Schedule};
use units::{Map, Units, study};

const SPLINES: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 3,
};

fn outcomes<B: Base>(base: &B, config: &LearnerConfig, train: &Study, x: &[f64]) -> (Outcomes, Option<Vec<f64>>) {
    let (train, validation) = train.split(0.2, 0).unwrap();
    let studies = Studies::new(&train, &validation);
    let (model, log) = config.fit(base, studies, &Device::flex(), &mut |_| ()).unwrap();
    assert!(log[0].loss > log.last().unwrap().loss, "training moved");
    // Trained on, too.
    let (model, _) = config.retrain(base, model, studies, &mut |_| ()).unwrap();
    (model.outcomes(x).unwrap(), model.propensity(x).unwrap())
}

fn check<B: Base>(base: &B, schedule: Schedule, name: &str) {
    let (train, test) = (study(160, 1), study(80, 2));
    for (at, learner) in Learner::ALL.into_iter().enumerate() {
        let config = LearnerConfig::new(learner, schedule).with_seed(3);
        let (own, propensity) = outcomes(base, &config, &train, test.x());
        for seed in 0..3 {
            let units = Units::random(train.d_input(), 10 * at as u64 + seed);
            let (mapped, there) = outcomes(base, &config, &units.study(&train), &units.rows(test.x()));
            let distance = units.distance(&train, &own, &mapped);
            assert!(
                distance < 0.01,
                "{name}, {learner:?}, seed {seed}: {distance} in {units:?}"
            );
            let propensities = propensity.iter().flatten().zip(there.iter().flatten());
            assert!(
                propensities.into_iter().all(|(a, b)| (a - b).abs() < 0.01),
                "{name}: propensities"
            );
        }
    }
}

#[test]
fn additive_networks_are_the_same_in_all_units() {
    let base = KanBase::additive(SPLINES).with_lambda(1e-3);
    check(&base, Schedule::new(Optimizer::LBFGS, 3), "additive");
}

#[test]
fn networks_with_a_hidden_layer_are_the_same_in_all_units() {
    let adam = Schedule::new(Optimizer::Adam { learning_rate: 0.02 }, 12);
    check(&KanBase::new([3], SPLINES).with_lambda(1e-3), adam, "hidden layer");
}

#[test]
fn networks_in_single_precision_are_the_same_in_all_units() {
    let adam = Schedule::new(Optimizer::Adam { learning_rate: 0.05 }, 12);
    let base = KanBase {
        dtype: FloatDType::F32,
        ..KanBase::additive(SPLINES).with_lambda(1e-3)
    };
    check(&base, adam, "single precision");
}

#[test]
fn perceptrons_are_the_same_in_all_units() {
    let adam = Schedule::new(Optimizer::Adam { learning_rate: 0.01 }, 40);
    check(&MlpBase::new([12, 12], [6]), adam, "perceptron");
}

/// Columns as real tables have them: seconds of a year, dates as numbers, pressures, tiny and huge units.
#[test]
fn effects_of_columns_far_from_zero_are_found() {
    let wave = |row: u32, f: f64| (f64::from(row) * f).sin();
    let table = |of_u: Map, of_y: Map, seed: f64| {
        let (mut x, mut t, mut y) = (vec![], vec![], vec![]);
        let mut truth = Outcomes {
            mu0: vec![],
            mu1: vec![],
        };
        for row in 0..300 {
            let (u, w) = (wave(row, 0.61 + seed), wave(row, 1.9 + seed));
            let treated = f64::from(row % 2);
            let (mu0, mu1) = (1.0 + w, 2.5 + w - u);
            x.extend([of_u.of(u), w]);
            t.push(treated);
            y.push(of_y.of(mu0 + treated * (mu1 - mu0) + 0.1 * wave(row, 12.9898)));
            truth.mu0.push(of_y.of(mu0));
            truth.mu1.push(of_y.of(mu1));
        }
        Study::new(x, 2, &t, y).unwrap().with_truth(truth).unwrap()
    };
    let map = |scale: f64, shift: f64| Map { scale, shift };
    for (of_u, of_y) in [
        (map(1.5e7, 1.7e9), Map::NONE),
        (map(3.0, 20_260_304.0), map(250.0, 101_325.0)),
        (map(1e-7, 3e-7), map(-1e6, 5e6)),
    ] {
        let (all, test) = (table(of_u, of_y, 0.0), table(of_u, of_y, 0.1));
        let (train, validation) = all.split(0.2, 0).unwrap();
        let base = KanBase::additive(SPLINES).with_lambda(1e-3);
        let config = LearnerConfig::new(Learner::T, Schedule::new(Optimizer::LBFGS, 8).with_patience(3));
        let studies = Studies::new(&train, &validation);
        let (model, _) = config.fit(&base, studies, &Device::flex(), &mut |_| ()).unwrap();
        let error = |effects: &[f64]| pehe(effects, &test).unwrap() / of_y.scale.abs();
        let full = error(&model.effects(test.x()).unwrap());
        assert!(full < 0.12, "{of_u:?} {of_y:?}: {full}");
        let names = ["u".to_owned(), "w".to_owned()];
        let found = model
            .formulas(
                &names,
                Retraining {
                    train: &train,
                    validation: &validation,
                    config: &config,
                    base: &base,
                },
                &FormulaSearch::default(),
            )
            .unwrap();
        let effect = found.effect();
        let by_formula = error(&effect.evaluate(&effect.clamped(test.x())).unwrap().0);
        assert!(by_formula < 0.15, "{of_u:?} {of_y:?}: {by_formula}, {effect}");
        assert!(effect.to_string().contains('u'), "{effect}");
    }
}

/// In double precision outside, whatever the precision inside.
#[test]
fn networks_take_rows_in_units_of_the_study() {
    let units = Units::random(Synthetic::D_INPUT, 4);
    let study = units.study(&Synthetic::new(60).study(1).unwrap());
    let config = LearnerConfig::new(Learner::Tar, Schedule::new(Optimizer::Adam { learning_rate: 0.01 }, 3));
    let base = MlpBase::new([4], [2]);
    let (model, _) = config
        .fit(&base, Studies::train_only(&study), &Device::flex(), &mut |_| ())
        .unwrap();
    let inputs = model.network_inputs(&study).unwrap();
    assert_eq!(inputs.to_data().iter::<f64>().collect::<Vec<f64>>(), study.x());
    let outputs: Vec<f64> = model.networks()[0].forward(inputs).into_data().iter().collect();
    let outcomes = model.outcomes(study.x()).unwrap();
    for (row, pair) in outputs.chunks_exact(2).enumerate() {
        assert_eq!(pair, [outcomes.mu0[row], outcomes.mu1[row]]);
    }
}

#[test]
fn networks_refuse_a_column_that_is_the_treatment() {
    let plain = Synthetic::new(60).study(1).unwrap();
    let x = (0..60).flat_map(|row| [plain.row(row), &[3.0 - plain.treatment()[row]]].concat());
    let study = Study::new(x.collect(), 6, &plain.treatment(), plain.outcome().to_vec()).unwrap();
    let schedule = Schedule::new(Optimizer::LBFGS, 1);
    for learner in Learner::ALL {
        let config = LearnerConfig::new(learner, schedule);
        let base = KanBase::additive(SPLINES);
        let refused = config.fit(&base, Studies::train_only(&study), &Device::flex(), &mut |_| ());
        let column = Column::Covariate(5);
        assert!(matches!(refused, Err(CausalError::IsTreatment { column: got }) if got == column));
        // Nor is such a study taken to train on or to find formulas by.
        let (model, _) = config
            .fit(&base, Studies::train_only(&plain), &Device::flex(), &mut |_| ())
            .unwrap();
        let x = (0..60).flat_map(|row| [&plain.row(row)[1..], &[plain.treatment()[row]]].concat());
        let other = Study::new(x.collect(), 5, &plain.treatment(), plain.outcome().to_vec()).unwrap();
        let names: Vec<String> = (0..5).map(|j| format!("x{j}")).collect();
        let pipeline = FormulaSearch::default();
        let formulas = model.formulas(
            &names,
            Retraining {
                train: &other,
                validation: &plain,
                config: &config,
                base: &base,
            },
            &pipeline,
        );
        assert!(matches!(formulas, Err(CausalError::IsTreatment { .. })));
        let again = config.retrain(&base, model, Studies::train_only(&other), &mut |_| ());
        assert!(matches!(again, Err(CausalError::IsTreatment { .. })));
    }
}

/// There is nothing to learn of an outcome that never changes, and no effect on it.
#[test]
fn a_constant_outcome_has_no_effect() {
    let rows = study(120, 5);
    for value in [0.0, 0.1, 1e6, -3e-7] {
        let constant = Study::new(
            rows.x().to_vec(),
            rows.d_input(),
            &rows.treatment(),
            vec![value; rows.rows()],
        )
        .unwrap();
        for learner in Learner::ALL {
            let config = LearnerConfig::new(learner, Schedule::new(Optimizer::Adam { learning_rate: 0.05 }, 5));
            let kan = config.fit(
                &KanBase::additive(SPLINES),
                Studies::train_only(&constant),
                &Device::flex(),
                &mut |_| (),
            );
            let mlp = config.fit(
                &MlpBase::new([8], [4]),
                Studies::train_only(&constant),
                &Device::flex(),
                &mut |_| (),
            );
            let effects = [
                kan.unwrap().0.effects(rows.x()).unwrap(),
                mlp.unwrap().0.effects(rows.x()).unwrap(),
            ];
            let worst = effects
                .iter()
                .flatten()
                .fold(0.0, |worst: f64, effect| worst.max(effect.abs()));
            assert!(worst <= 1e-9 * value.abs().max(1e-2), "{learner:?} of {value}: {worst}");
        }
    }
}
