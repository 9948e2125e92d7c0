//! ELSA against its formula, and what the formula implies.

use std::collections::BTreeMap;

use super::training::{Quadratic, admm, device, floats, pattern, state, widen};
use secateurs_tensor::{PathRules, Pattern, read_weights};
use secateurs_testkit::laws;
use secateurs_testkit::naive::{self, ElsaSettings, Zeros};
use secateurs_train::{
    AdmmSettings, Constraint, Gradients, LearningRate, PenaltySchedule, ProjectionMetric, Proximal, Residence,
    ScheduleShape, StateFormat, TrainConfig, Trainer,
};

#[test]
fn elsa_is_its_formula() {
    let problem = Quadratic::new(32);
    for (by_second_moment, text) in [(false, "75%"), (true, "75%"), (false, "2:4"), (true, "1:4")] {
        for (decoupled, lambda) in [
            (false, [0.3, 0.3]),
            (false, [0.1, 0.9]),
            (true, [5.0, 5.0]),
            (true, [1.0, 9.0]),
        ] {
            let settings = ElsaSettings {
                steps: 60,
                learning_rate: 0.02,
                betas: [0.9, 0.95],
                epsilon: 1e-8,
                lambda,
                interval: 7,
                max_norm: 1.0,
                decoupled,
                by_second_moment,
            };
            let zeros = match pattern(text) {
                Pattern::Nm(nm) => Zeros::Groups {
                    keep: nm.keep(),
                    group: nm.group(),
                },
                Pattern::Unstructured(sparsity) => Zeros::Anywhere(sparsity.pruned_count(32)),
            };
            let gradient = |x: &[f64], _: usize| {
                let terms = x.iter().zip(&problem.a).zip(&problem.t);
                terms.map(|((x, a), t)| f64::from(*a) * (x - f64::from(*t))).collect()
            };
            let expected = naive::elsa(&widen(&problem.start), gradient, zeros, &settings);
            let admm = AdmmSettings {
                interval: 7,
                metric: if by_second_moment {
                    ProjectionMetric::SecondMoment
                } else {
                    ProjectionMetric::Identity
                },
                penalty: PenaltySchedule {
                    start: lambda[0],
                    end: lambda[1],
                    shape: ScheduleShape::Linear,
                },
                proximal: if decoupled {
                    Proximal::Decoupled
                } else {
                    Proximal::InGradient
                },
                ..AdmmSettings::new(pattern(text), PathRules::default())
            };
            for residence in [Residence::Host, Residence::Device] {
                let (trainer, _) = problem.train(TrainConfig {
                    residence,
                    ..TrainConfig::new(60, 0.02, Constraint::Admm(admm.clone()))
                });
                let state = state(&trainer);
                for (name, expected) in [
                    ("weight.sparse_copy", &expected.sparse_copy),
                    ("weight.dual", &expected.dual),
                ] {
                    laws::close(&widen(&floats(&state[name])), expected, 2e-4, 2e-4);
                }
                let (linear, _) = trainer.finish().expect("finite");
                let weights = read_weights(&linear, &PathRules::default());
                laws::close(&widen(weights[0].1.values()), &expected.weights, 2e-4, 2e-4);
            }
        }
    }
}

#[test]
fn a_quadratic_ends_at_its_largest_terms() {
    let unit = Quadratic::new(40);
    let near = |(i, t): (usize, &f32)| t * (1.0 + 0.2 * (i as f32 * 3.1).sin());
    let problem = Quadratic {
        a: vec![1.0; 40],
        start: unit.t.iter().enumerate().map(near).collect(),
        ..unit
    };
    let mut terms: Vec<f32> = problem.t.iter().map(|t| t * t).collect();
    terms.sort_by(f32::total_cmp);
    let ideal: f32 = terms[..30].iter().sum();
    // By second moments other supports are stationary as well: the pull of the penalty is a part of them.
    let admm = AdmmSettings {
        // Where weights cannot follow their sparse copies in time, duals outgrow them and the support goes in circles;
        // the higher the penalty, the more supports are stationary.
        interval: 64,
        penalty: PenaltySchedule::constant(1.2),
        ..admm("75%")
    };
    // A shortened gradient would make it harder to come back than to stay.
    let config = TrainConfig {
        max_norm: None,
        ..TrainConfig::new(2000, 0.01, Constraint::Admm(admm))
    };
    let (trainer, reports) = problem.train(config);
    let (linear, _) = trainer.finish().expect("finite");
    let weights = read_weights(&linear, &PathRules::default()).remove(0).1;
    let loss: f32 = weights
        .values()
        .iter()
        .zip(&problem.t)
        .map(|(x, t)| (x - t).powi(2))
        .sum();
    assert!(loss < 1.05 * ideal, "{loss} instead of {ideal}");
    let updates: Vec<f64> = reports
        .iter()
        .filter_map(|r| Some(r.dual_update.as_ref()?.relative_primal))
        .collect();
    assert!(updates[updates.len() - 1] < 0.5 * updates[0], "{updates:?}");
}

#[test]
fn duals_are_the_sum_of_all_distances() {
    for formats in [
        [StateFormat::F32, StateFormat::F32],
        [StateFormat::E4m3, StateFormat::F32],
    ] {
        let problem = Quadratic::new(64);
        let device = device();
        let admm = AdmmSettings {
            interval: 1,
            split_format: formats[0],
            dual_format: formats[1],
            ..admm("50%")
        };
        let mut trainer = Trainer::new(
            problem.linear(&device),
            TrainConfig::new(20, 0.05, Constraint::Admm(admm)),
        )
        .expect("the settings are valid");
        let t = problem.column(&problem.t, &device);
        let mut sum = vec![0.0; 64];
        for _ in 0..20 {
            let report = trainer.step(&mut |linear, batch| {
                Gradients::of((linear.weight.val() - t.clone()).powi_scalar(2).sum(), linear, batch)
            });
            let primal = report
                .expect("trains")
                .dual_update
                .expect("an update every step")
                .primal;
            let state = state(&trainer);
            let x = floats(&state["weight.weights"]);
            let z = sparse_copy(&state);
            let distance: Vec<f64> = x.iter().zip(&z).map(|(x, z)| f64::from(x - z)).collect();
            let norm = distance.iter().map(|d| d * d).sum::<f64>().sqrt();
            assert!((primal / norm - 1.0).abs() < 1e-5, "{primal} instead of {norm}");
            sum.iter_mut()
                .zip(distance)
                .for_each(|(sum, distance)| *sum += distance);
            laws::close(&widen(&floats(&state["weight.dual"])), &sum, 1e-4, 0.02);
        }
    }
}

fn sparse_copy(state: &BTreeMap<String, Vec<u8>>) -> Vec<f32> {
    match state.get("weight.sparse_copy.scale") {
        None => floats(&state["weight.sparse_copy"]),
        Some(scale) => {
            let scale = floats(scale)[0];
            let decode = |code: &u8| secateurs_train::e4m3_to_f32(*code) * scale;
            state["weight.sparse_copy"].iter().map(decode).collect()
        }
    }
}

#[test]
fn a_moving_lambda_keeps_the_pull_of_the_dual() {
    // With a gradient of 0 the weights stand still, u grows by x - z, and only the schedule moves lambda.
    let problem = Quadratic::new(16);
    let admm = AdmmSettings {
        interval: 1,
        penalty: PenaltySchedule {
            start: 0.0,
            end: 2.0,
            shape: ScheduleShape::Cosine,
        },
        ..admm("50%")
    };
    let device = device();
    let config = TrainConfig {
        learning_rate: LearningRate::linear(1e-12),
        ..TrainConfig::new(12, 1.0, Constraint::Admm(admm))
    };
    let mut trainer = Trainer::new(problem.linear(&device), config).expect("valid");
    let mut pull = vec![0.0; 16];
    let mut lambda = 0.0;
    for _ in 0..12 {
        let step = trainer.step(&mut |linear, batch| Gradients::of((linear.weight.val() * 0.0).sum(), linear, batch));
        let update = step.expect("trains").dual_update.expect("an update every step");
        let state = state(&trainer);
        let (x, z, u) = (
            floats(&state["weight.weights"]),
            sparse_copy(&state),
            floats(&state["weight.dual"]),
        );
        for i in 0..16 {
            pull[i] += lambda * f64::from(x[i] - z[i]);
        }
        lambda = update.lambda;
        let scaled: Vec<f64> = u.iter().map(|u| lambda * f64::from(*u)).collect();
        laws::close(&scaled, &pull, 1e-4, 0.01);
    }
}
