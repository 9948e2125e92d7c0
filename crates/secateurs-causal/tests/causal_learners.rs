//! Learners of networks: what they find, what moves which network, and what they refuse.

mod by_formula;

use burn::tensor::{Device, Tensor};
use by_formula::loss_by_formula;
use secateurs_causal::{
    Arm, Base, CausalError, EffectModel, KanBase, Learner, LearnerConfig, MlpBase, Network, OutcomeUnits, Studies,
    Study, Summary, Synthetic, Trained, pehe,
};
use secateurs_kan::{
    BasisConfig, GridUpdates, Kan, KanError, Keep, Optimizer, PruneConfig, Schedule, attribution, prune_edges,
};
use secateurs_testkit::laws;

const SPLINES: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 3,
};

fn adam(steps: usize, learning_rate: f64) -> Schedule {
    Schedule::new(Optimizer::Adam { learning_rate }, steps)
}

fn train<B: Base>(base: &B, config: &LearnerConfig, study: &Study) -> Trained<B::Network> {
    let (train, validation) = study.split(0.2, 0).unwrap();
    config
        .fit(base, Studies::new(&train, &validation), &Device::flex(), &mut |_| ())
        .unwrap()
}

fn error<N: Network>(model: &EffectModel<N>, study: &Study) -> f64 {
    pehe(&model.effects(study.x()).unwrap(), study).unwrap()
}

/// A linear model of each arm is about 0.53 off (tests of additive models).
#[test]
fn additive_networks_find_the_effects() {
    let (study, test) = (
        Synthetic::new(400).study(1).unwrap(),
        Synthetic::new(400).study(2).unwrap(),
    );
    for learner in [Learner::T, Learner::Tar] {
        let config = LearnerConfig::new(learner, Schedule::new(Optimizer::LBFGS, 12).with_patience(4));
        let (model, log) = train(&KanBase::additive(SPLINES), &config, &study);
        assert!(!log.is_empty() && log.iter().all(|step| step.validation.is_some()));
        let error = error(&model, &test);
        assert!(error < 0.2, "{}: {error}", learner.name());
        assert!(model.factual_error(&test).unwrap() < 0.3);
        assert_eq!(model.propensity(test.x()).unwrap(), None);
    }
}

#[test]
fn a_hidden_layer_finds_them_too() {
    let (study, test) = (
        Synthetic::new(400).study(1).unwrap(),
        Synthetic::new(400).study(2).unwrap(),
    );
    let config = LearnerConfig::new(Learner::Tar, adam(250, 0.02).with_patience(80));
    let (model, _) = train(&KanBase::new([5], SPLINES).with_lambda(1e-3), &config, &study);
    let error = error(&model, &test);
    assert!(error < 0.4, "{error}");
}

#[test]
fn one_network_sees_the_treatment() {
    let (study, test) = (
        Synthetic::new(300).study(1).unwrap(),
        Synthetic::new(300).study(2).unwrap(),
    );
    let config = LearnerConfig::new(Learner::S, Schedule::new(Optimizer::LBFGS, 6).with_patience(3));
    let (model, _) = train(&KanBase::additive(SPLINES), &config, &study);
    // Additive in the treatment, so the same effect for all, and about the average one.
    let effects = Summary::of(&model.effects(test.x()).unwrap()).unwrap();
    assert!(effects.deviation < 1e-8, "{effects:?}");
    assert!((effects.mean - 2.0 - 1.0 / 3.0).abs() < 0.25, "{effects:?}");
    let [head, other] = [Arm::Control, Arm::Treated].map(|arm| model.head(arm));
    assert_eq!((head.treatment, other.treatment), (Some(0.0), Some(1.0)));
    assert_eq!(model.network_inputs(&test).unwrap().dims(), [300, 6]);
}

#[test]
fn propensities_follow_the_true_ones() {
    let rule = Synthetic {
        confounding: 2.0,
        ..Synthetic::new(500)
    };
    let (study, test) = (rule.study(1).unwrap(), rule.study(2).unwrap());
    let config = LearnerConfig::new(Learner::Dragon, adam(200, 0.05).with_patience(60));
    let (model, _) = train(&KanBase::additive(SPLINES), &config, &study);
    let found = model.propensity(test.x()).unwrap().unwrap();
    let truth: Vec<f64> = (0..test.rows()).map(|row| rule.propensity(test.row(row))).collect();
    let correlation = correlation(&found, &truth);
    assert!(correlation > 0.9, "{correlation}");
    assert!(found.iter().all(|e| (0.0..=1.0).contains(e)));
    assert!(error(&model, &test) < 0.35, "{}", error(&model, &test));
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (of_a, of_b) = (Summary::of(a).unwrap(), Summary::of(b).unwrap());
    let products = a.iter().zip(b).map(|(a, b)| (a - of_a.mean) * (b - of_b.mean));
    products.sum::<f64>() / (a.len() - 1) as f64 / (of_a.deviation * of_b.deviation)
}

#[test]
fn outcomes_of_one_arm_do_not_move_the_network_of_the_other() {
    let study = Synthetic::new(80).study(1).unwrap();
    let other: Vec<f64> = (0..study.rows())
        .map(|row| study.outcome()[row] * if study.treated()[row] { -3.0 } else { 1.0 })
        .collect();
    let other = Study::new(study.x().to_vec(), study.d_input(), &study.treatment(), other).unwrap();
    let config = LearnerConfig {
        units: OutcomeUnits::AsGiven,
        ..LearnerConfig::new(Learner::T, adam(20, 0.01))
    };
    let base = KanBase::new([3], SPLINES).with_lambda(1e-3);
    let outcomes = [&study, &other].map(|study| {
        let (model, _) = config
            .fit(&base, Studies::train_only(study), &Device::flex(), &mut |_| ())
            .unwrap();
        model.outcomes(study.x()).unwrap()
    });
    assert_eq!(outcomes[0].mu0, outcomes[1].mu0);
    let moved = outcomes[0]
        .mu1
        .iter()
        .zip(&outcomes[1].mu1)
        .any(|(a, b)| (a - b).abs() > 1e-3);
    assert!(moved, "the network of the treated follows their outcomes");
}

/// With a penalty, a hidden layer, grids that move at the last step, and arms of different size.
#[test]
fn losses_are_those_of_the_formulas() {
    let study = Synthetic::new(120).study(3).unwrap();
    assert!(study.n_of(Arm::Control).abs_diff(study.n_of(Arm::Treated)) > 5);
    let (train, validation) = study.split(0.3, 0).unwrap();
    for learner in Learner::ALL {
        let schedule = Schedule {
            keep: Keep::Last,
            ..Schedule::new(Optimizer::LBFGS, 3)
        };
        let config = LearnerConfig {
            units: OutcomeUnits::AsGiven,
            propensity_weight: 0.7,
            ..LearnerConfig::new(learner, schedule)
        };
        let mut base = KanBase::new([2], SPLINES).with_lambda(0.05);
        base.grids = Some(GridUpdates {
            every: 2,
            until: 3,
            uniform: 0.02,
        });
        let studies = Studies::new(&train, &validation);
        let (model, log) = config.fit(&base, studies, &Device::flex(), &mut |_| ()).unwrap();
        let x = model.network_inputs(&train).unwrap();
        let penalty = |network: &Kan| -> f64 { base.penalty.of(network, x.clone()).into_scalar() };
        let penalty: f64 = model.networks().iter().map(penalty).sum();
        let last = log.last().unwrap();
        let same = |got: f64, expected: f64| {
            assert!(
                (got / expected - 1.0).abs() < 1e-9,
                "{}: {got} {expected}",
                learner.name()
            );
        };
        same(last.loss, loss_by_formula(&model, &train, 0.7) + penalty);
        same(last.validation.unwrap(), loss_by_formula(&model, &validation, 0.7));
        assert!(penalty > 0.01 * last.loss, "{penalty}");
    }
}

#[test]
fn units_are_those_of_the_study() {
    let study = Synthetic::new(200).study(1).unwrap();
    let large = study.outcome().iter().map(|y| 1000.0 * y + 5e4).collect();
    let large = Study::new(study.x().to_vec(), study.d_input(), &study.treatment(), large).unwrap();
    let config = LearnerConfig::new(Learner::Tar, adam(30, 0.05));
    let effects = [&study, &large].map(|study| {
        let base = KanBase::additive(SPLINES).with_lambda(1e-2);
        let (model, _) = config
            .fit(&base, Studies::train_only(study), &Device::flex(), &mut |_| ())
            .unwrap();
        model.effects(study.x()).unwrap()
    });
    let scaled: Vec<f64> = effects[0].iter().map(|effect| 1000.0 * effect).collect();
    laws::close(&effects[1], &scaled, 1e-5, 1.0);
}

#[test]
fn networks_can_be_pruned_and_trained_on() {
    let study = Synthetic::new(200).study(1).unwrap();
    let config = LearnerConfig::new(Learner::T, Schedule::new(Optimizer::LBFGS, 5));
    let base = KanBase::additive(SPLINES).with_lambda(1e-3);
    let (model, _) = config
        .fit(&base, Studies::train_only(&study), &Device::flex(), &mut |_| ())
        .unwrap();
    let before = model.factual_error(&study).unwrap();
    let x = model.network_inputs(&study).unwrap();
    let mut n_removed = 0;
    let pruned = model.map_networks(|_, kan: Kan| {
        let scores = attribution(&kan, x.clone())?;
        let pruned = prune_edges(kan, x.clone(), &scores.edges, &PruneConfig::above(0.05))?;
        n_removed += pruned.removed.len();
        Ok::<_, KanError>(pruned.kan)
    });
    let pruned = pruned.unwrap();
    assert!(
        n_removed >= 2,
        "the last covariate does nothing in either arm: {n_removed}"
    );
    let after = pruned.factual_error(&study).unwrap();
    assert!(after < 1.3 * before + 0.05, "{before} before, {after} after");
    let (again, _) = config
        .retrain(
            &base.with_fixed_grids(),
            pruned,
            Studies::train_only(&study),
            &mut |_| (),
        )
        .unwrap();
    let last = again.factual_error(&study).unwrap();
    assert!(last <= after + 1e-3, "{after} pruned, {last} trained on");
}

#[test]
fn no_steps_change_nothing() {
    let study = Synthetic::new(60).study(1).unwrap();
    let config = LearnerConfig::new(Learner::Dragon, adam(2, 0.01));
    let base = MlpBase::new([8], [4]);
    let (model, _) = config
        .fit(&base, Studies::train_only(&study), &Device::flex(), &mut |_| ())
        .unwrap();
    let before = (model.outcomes(study.x()).unwrap(), model.propensity(study.x()).unwrap());
    let still = LearnerConfig::new(Learner::Dragon, adam(0, 0.01));
    let (model, log) = still
        .retrain(&base, model, Studies::train_only(&study), &mut |_| ())
        .unwrap();
    assert!(log.is_empty());
    let after = (model.outcomes(study.x()).unwrap(), model.propensity(study.x()).unwrap());
    laws::close(&after.0.mu0, &before.0.mu0, 1e-5, 1.0);
    laws::close(&after.0.mu1, &before.0.mu1, 1e-5, 1.0);
    laws::close(&after.1.unwrap(), &before.1.unwrap(), 1e-5, 1.0);
}

#[test]
fn perceptrons_learn_all_the_same() {
    let (study, test) = (
        Synthetic::new(300).study(1).unwrap(),
        Synthetic::new(300).study(2).unwrap(),
    );
    for learner in Learner::ALL {
        let config = LearnerConfig::new(learner, adam(200, 0.01).with_patience(60)).with_seed(1);
        let (model, _) = train(&MlpBase::new([24, 24], [12]), &config, &study);
        let error = error(&model, &test);
        assert!(error < 0.7, "{}: {error}", learner.name());
    }
}

#[test]
fn what_is_refused() {
    let study = Synthetic::new(40).study(1).unwrap();
    let config = LearnerConfig::new(Learner::Tar, adam(1, 0.01));
    let fit = |base: &KanBase, rows: &Study, validation: Option<&Study>| {
        let train = rows;
        let studies = Studies { train, validation };
        config.fit(base, studies, &Device::flex(), &mut |_| ()).map(|_| ())
    };
    let base = KanBase::additive(SPLINES);
    let narrow = Study::new(vec![1.0, 2.0, 3.0, 4.0], 1, &[0.0, 1.0, 0.0, 1.0], vec![0.0; 4]).unwrap();
    let refused = fit(&base, &study, Some(&narrow));
    assert!(
        matches!(
            refused,
            Err(CausalError::Shape {
                expected: 5,
                got: 1,
                ..
            })
        ),
        "{refused:?}"
    );
    let lonely = Study::new(vec![1.0, 2.0, 3.0], 1, &[0.0, 1.0, 0.0], vec![0.0; 3]).unwrap();
    assert!(matches!(
        fit(&base, &lonely, None),
        Err(CausalError::TooFewRows { got: 1, .. })
    ));
    let empty = KanBase::new([0], SPLINES);
    assert!(matches!(fit(&empty, &study, None), Err(CausalError::Kan(_))));
    let hollow = config.fit(
        &MlpBase::new([0], []),
        Studies::train_only(&study),
        &Device::flex(),
        &mut |_| (),
    );
    assert!(matches!(hollow, Err(CausalError::OutOfRange { .. })));
    let (model, _) = config
        .fit(&base, Studies::train_only(&study), &Device::flex(), &mut |_| ())
        .unwrap();
    assert!(matches!(model.effects(&[0.0; 6]), Err(CausalError::Length { .. })));
    assert!(matches!(model.network_inputs(&narrow), Err(CausalError::Shape { .. })));
    let kan = model.networks()[0].clone();
    let two = EffectModel::new(Learner::T, 5, vec![kan.clone(), kan]);
    assert!(
        matches!(
            two,
            Err(CausalError::Shape {
                expected: 1,
                got: 2,
                ..
            })
        ),
        "{two:?}"
    );
    let fewer = model.map_networks(|_, kan: Kan| {
        let config = secateurs_kan::KanConfig::new([4, 2], SPLINES)?;
        Ok::<_, KanError>(config.init(0, &kan.place().0))
    });
    assert!(
        matches!(
            fewer,
            Err(CausalError::Shape {
                expected: 5,
                got: 4,
                ..
            })
        ),
        "{fewer:?}"
    );
}

/// A network whose outputs are mapped gives mapped outputs.
#[test]
fn outputs_are_mapped() {
    let outputs = [secateurs_causal::Output::Outcome, secateurs_causal::Output::Propensity];
    let device = Device::flex();
    let kan = KanBase::new([2], SPLINES).init(3, &outputs, 0, &device).unwrap();
    let mlp = MlpBase::new([4], [2]).init(3, &outputs, 0, &device).unwrap();
    check_map(kan);
    check_map(mlp);
}

fn check_map<N: Network>(network: N) {
    let (device, dtype) = network.place();
    let x = [0.1, 0.2, -0.3, 0.5, -0.7, 0.9];
    let x = Tensor::<2>::from_data(burn::tensor::TensorData::new(x.to_vec(), [2, 3]), (&device, dtype));
    let before: Vec<f64> = network.forward(x.clone()).into_data().iter().collect();
    let mapped = network.with_outputs_mapped(&[2.0, -1.0], &[3.0, 0.5]).unwrap();
    let after: Vec<f64> = mapped.forward(x).into_data().iter().collect();
    let expected: Vec<f64> = before
        .chunks_exact(2)
        .flat_map(|y| [2.0 * y[0] + 3.0, -y[1] + 0.5])
        .collect();
    laws::close(&after, &expected, 1e-5, 1.0);
}
