//! Pooling of the arms, and formulas for effects.

mod by_formula;

use burn::tensor::Device;
use by_formula::loss_by_formula;
use secateurs_causal::{
    AdditiveConfig, AdditiveLearner, CausalError, FormulaConfig, KanBase, Learner, LearnerConfig, NetworkFormulas,
    Outcomes, Pooling, PoolingSearch, Retraining, Ridge, Studies, Study, Synthetic, pehe,
};
use secateurs_kan::{BasisConfig, FormulaSearch, Optimizer, Schedule, Stage};

fn only(pooling: Pooling) -> PoolingSearch {
    PoolingSearch {
        candidates: vec![pooling],
        ..PoolingSearch::default()
    }
}

/// A single candidate is the ridge model that it generalises.
#[test]
fn complete_and_no_pooling_are_the_two_learners() {
    let study = Synthetic::new(200).study(1).unwrap();
    let cases = [
        (Pooling::Complete { ridge: 2.0 }, AdditiveLearner::S),
        (
            Pooling::None {
                control: 2.0,
                treated: 2.0,
            },
            AdditiveLearner::T,
        ),
    ];
    for (pooling, learner) in cases {
        let (model, choice) = only(pooling).fit(&study).unwrap();
        assert_eq!((choice.pooling, choice.errors.len()), (pooling, 1));
        let plain = AdditiveConfig::new(learner, Ridge::fixed(2.0).unwrap())
            .fit(&study)
            .unwrap();
        let (got, expected) = (model.outcomes(study.x()).unwrap(), plain.outcomes(study.x()).unwrap());
        let pairs = got
            .mu0
            .iter()
            .zip(&expected.mu0)
            .chain(got.mu1.iter().zip(&expected.mu1));
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-8), "{learner:?}");
    }
}

/// A huge penalty of the effect leaves a constant effect, a tiny one leaves each arm its own function.
#[test]
fn partial_pooling_lies_between() {
    let study = Synthetic::new(300).study(2).unwrap();
    let fit = |effect: f64| {
        let (model, _) = only(Pooling::Partial { outcome: 1e-3, effect }).fit(&study).unwrap();
        model.effects(study.x()).unwrap()
    };
    let spread = |effects: &[f64]| {
        let (low, high) = effects
            .iter()
            .fold((f64::MAX, f64::MIN), |(low, high), e| (low.min(*e), high.max(*e)));
        high - low
    };
    assert!(spread(&fit(1e9)) < 1e-3);
    let separate = only(Pooling::None {
        control: 1e-3,
        treated: 1e-3,
    });
    let separate = separate.fit(&study).unwrap().0.effects(study.x()).unwrap();
    let partial = fit(1e-3);
    let difference = partial
        .iter()
        .zip(&separate)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    assert!(difference < 0.1 * spread(&separate), "{difference}");
}

/// Errors are those of rows left out: noise cannot be predicted, and overfitting shows.
#[test]
fn cross_validation_sees_noise_and_prefers_what_is_true() {
    let constant = |seed| {
        let study = Synthetic::new(400).study(seed).unwrap();
        // The same rows with an effect of 1 for all.
        let truth = study.truth().unwrap().clone();
        let treated = study.treatment();
        let noise = |row: usize| {
            study.outcome()[row]
                - if treated[row] == 1.0 {
                    truth.mu1[row]
                } else {
                    truth.mu0[row]
                }
        };
        let outcome: Vec<f64> = (0..study.rows())
            .map(|row| truth.mu0[row] + treated[row] + noise(row))
            .collect();
        let mu1 = truth.mu0.iter().map(|mu| mu + 1.0).collect();
        Study::new(study.x().to_vec(), study.d_input(), &treated, outcome)
            .unwrap()
            .with_truth(Outcomes { mu0: truth.mu0, mu1 })
            .unwrap()
    };
    let study = constant(3);
    let (model, choice) = PoolingSearch::default().fit(&study).unwrap();
    assert!(!matches!(choice.pooling, Pooling::None { .. }), "{:?}", choice.pooling);
    assert!(pehe(&model.effects(study.x()).unwrap(), &study).unwrap() < 0.06);
    // Two arms with a variance of 0.04 each.
    let least = choice.errors.iter().copied().fold(f64::MAX, f64::min);
    assert!((0.06..0.12).contains(&least), "{least}");
    // The folds do not depend on anything but the seed.
    assert_eq!(PoolingSearch::default().fit(&study).unwrap().1, choice);
}

#[test]
fn an_additive_model_becomes_two_formulas() {
    let (study, test) = (
        Synthetic::new(600).study(4).unwrap(),
        Synthetic::new(400).study(5).unwrap(),
    );
    let (model, _) = PoolingSearch::default().fit(&study).unwrap();
    let names: Vec<String> = (0..5).map(|j| format!("x{j}")).collect();
    let formulas = model.formulas(&study, &names, &FormulaConfig::default()).unwrap();
    let of = |outcomes: Outcomes| pehe(&outcomes.effects(), &test).unwrap();
    let full = pehe(&model.effects(test.x()).unwrap(), &test).unwrap();
    let pruned = of(formulas.pruned.outcomes(test.x()).unwrap());
    let symbolic = of(formulas.symbolic_outcomes(test.x()).unwrap());
    let rounded = of(formulas.outcomes(test.x()).unwrap());
    for (stage, error) in [("pruned", pruned), ("symbolic", symbolic), ("rounded", rounded)] {
        assert!(error < 1.15 * full, "{stage}: {error}, full {full}");
    }
    assert!(
        formulas.stages.iter().all(|stage| stage.within_budget),
        "{:?}",
        formulas.stages
    );
    assert!(matches!(formulas.stages[0].stage, Stage::Prune(_)));
    // The effect is a wave in x0 and a parabola in x1; x4 does nothing.
    let kept = formulas.pruned.kept();
    let units = &formulas.pruned.units;
    assert_eq!(units.each_ref().map(|unit| unit.after), kept.each_ref().map(Vec::len));
    assert_eq!(
        units.each_ref().map(|unit| (unit.path.as_str(), unit.before)),
        [("outcome", 5), ("effect", 5)]
    );
    assert!(
        kept[1].contains(&0) && kept[1].contains(&1) && !kept[1].contains(&4),
        "{}",
        formulas.rounded[1]
    );
    assert!(!kept[0].contains(&4));
    let text = formulas.rounded[1].to_string();
    assert!(text.len() < 140, "{text}");
    // What is printed is what is evaluated.
    let effects = formulas.outcomes(test.x()).unwrap().effects();
    let printed = &formulas.rounded[1];
    let by_formula = printed.evaluate(&printed.clamped(test.x())).unwrap().0;
    assert!(effects.iter().zip(&by_formula).all(|(a, b)| (a - b).abs() < 1e-9));
}

#[test]
fn networks_become_formulas() {
    let basis = BasisConfig::BSpline {
        degree: 3,
        n_intervals: 3,
    };
    let (study, test) = (
        Synthetic::new(500).study(6).unwrap(),
        Synthetic::new(300).study(7).unwrap(),
    );
    let (train, validation) = study.split(0.2, 0).unwrap();
    let names: Vec<String> = (0..5).map(|j| format!("x{j}")).collect();
    for learner in [Learner::S, Learner::T, Learner::Dragon] {
        let base = KanBase::additive(basis);
        let config = LearnerConfig::new(learner, Schedule::new(Optimizer::LBFGS, 6).with_patience(2));
        let (model, _) = config
            .fit(&base, Studies::new(&train, &validation), &Device::flex(), &mut |_| ())
            .unwrap();
        let pipeline = FormulaSearch {
            r_squared: vec![0.95, 0.99],
            ..FormulaSearch::default()
        };
        let found = model
            .formulas(
                &names,
                Retraining {
                    train: &train,
                    validation: &validation,
                    config: &config,
                    base: &base,
                },
                &pipeline,
            )
            .unwrap();
        // Networks are judged by the rows that they predict.
        let judged: f64 = found.networks.iter().map(|network| network.attempts[0].loss).sum();
        let expected = loss_by_formula(&model, &validation, 0.0);
        assert!(
            (judged / expected - 1.0).abs() < 1e-9,
            "{learner:?}: {judged} {expected}"
        );
        let full = pehe(&model.effects(test.x()).unwrap(), &test).unwrap();
        let symbolic = NetworkFormulas::outcomes(&found.symbolic, test.x()).unwrap();
        let error = pehe(&symbolic.effects(), &test).unwrap();
        assert!(error < 1.3 * full + 0.05, "{learner:?}: {error}, full {full}");
        // The formula of the effect is the difference of the two outcomes.
        let effect = found.effect();
        let rounded = NetworkFormulas::outcomes(&found.rounded, test.x()).unwrap().effects();
        let by_formula = effect.evaluate(&effect.clamped(test.x())).unwrap().0;
        assert!(
            rounded.iter().zip(&by_formula).all(|(a, b)| (a - b).abs() < 1e-6),
            "{learner:?}: {effect}"
        );
        if learner == Learner::S {
            // Additive in the treatment: one effect for all.
            assert!(effect.expr.variables().is_empty(), "{effect}");
        }
    }
}

#[test]
fn bad_input() {
    let study = Synthetic::new(50).study(8).unwrap();
    let search = |candidates, folds| PoolingSearch {
        candidates,
        folds,
        ..PoolingSearch::default()
    };
    let complete = Pooling::Complete { ridge: 1.0 };
    let refused = |search: PoolingSearch| search.fit(&study).unwrap_err();
    assert!(matches!(refused(search(vec![], 5)), CausalError::OutOfRange { .. }));
    assert!(matches!(
        refused(search(vec![complete], 1)),
        CausalError::OutOfRange { .. }
    ));
    assert!(matches!(
        refused(search(vec![complete], 40)),
        CausalError::TooFewRows { .. }
    ));
    let bad = Pooling::Complete { ridge: f64::NAN };
    assert!(matches!(refused(search(vec![bad], 5)), CausalError::OutOfRange { .. }));
    let (model, _) = search(vec![complete], 5).fit(&study).unwrap();
    let names = vec!["a".to_owned()];
    let refused = model.formulas(&study, &names, &FormulaConfig::default());
    assert!(matches!(refused, Err(CausalError::Length { .. })));
}
