//! Training that prunes: against the formula, and what holds of every run.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use secateurs_prune::{
    AdamSettings, AdmmSettings, Batch, Constraint, Gradients, LearningRate, MomentFormat, Penalty, PenaltyScale,
    ProjectionMetric, Proximal, PruneError, Shape, StateFormat, StateSlice, StateSliceMut, StepReport, TrainConfig,
    Trainer,
};
use secateurs_tensor::{KeepMask, MaskSet, PathRules, Pattern, Scope, read_weights};
use secateurs_testkit::laws;
use secateurs_testkit::naive::{self, ElsaSettings, Zeros};

/// Two linear layers and an embedding that nothing prunes.
#[derive(Module, Debug)]
struct Net {
    embed: Param<Tensor<2>>,
    first: Linear,
    second: Linear,
}

const INPUTS: usize = 8;
const OUTPUTS: usize = 6;

impl Net {
    fn new(device: &Device) -> Self {
        let matrix = |outer, inner, speed: f32| {
            let values: Vec<f32> = (0..outer * inner)
                .map(|i| 0.3 * (1.0 + i as f32 * speed).sin())
                .collect();
            Tensor::from_data(TensorData::new(values, [outer, inner]), device)
        };
        let layer = |d_input, d_output, speed| {
            let mut linear = LinearConfig::new(d_input, d_output).init(device);
            linear.weight = Param::from_tensor(matrix(d_input, d_output, speed));
            linear.bias = Some(Param::from_tensor(Tensor::ones([d_output], device) * 0.1));
            linear
        };
        Self {
            embed: Param::from_tensor(matrix(4, INPUTS, 0.37)),
            first: layer(INPUTS, 16, 1.91),
            second: layer(16, OUTPUTS, 2.53),
        }
    }

    fn loss(&self, batch: Batch) -> Tensor<1> {
        let hidden = self.first.forward(self.embed.val()).powi_scalar(2);
        let wanted = 0.1 * (batch.index % 5) as f32;
        (self.second.forward(hidden) - wanted).powi_scalar(2).mean()
    }
}

fn objective(net: &Net, batch: Batch) -> Result<Gradients, PruneError> {
    Gradients::of(net.loss(batch), net, batch)
}

fn device() -> Device {
    secateurs_testkit::device().autodiff()
}

fn pattern(text: &str) -> Pattern {
    text.parse().expect("a valid pattern")
}

fn admm(text: &str) -> AdmmSettings {
    AdmmSettings {
        interval: 4,
        penalty: Penalty::constant(0.5),
        ..AdmmSettings::new(pattern(text), PathRules::default())
    }
}

fn config(steps: usize, admm: AdmmSettings) -> TrainConfig {
    TrainConfig::new(steps, 0.01, Constraint::Admm(admm))
}

fn trained(config: TrainConfig) -> (Net, MaskSet) {
    let mut trainer = Trainer::new(Net::new(&device()), config).expect("the settings are valid");
    while !trainer.is_done() {
        trainer.step(&mut objective).expect("trains");
    }
    trainer.finish().expect("finite")
}

fn state<M: Module>(trainer: &Trainer<M>) -> BTreeMap<String, Vec<u8>> {
    let mut pieces = BTreeMap::new();
    trainer.visit_state(&mut |name, slice| {
        let bytes = match slice {
            StateSlice::F32(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            StateSlice::Bf16(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            StateSlice::U8(values) => values.to_vec(),
        };
        assert!(pieces.insert(name.to_owned(), bytes).is_none(), "{name} occurs twice");
    });
    pieces
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .as_chunks::<4>()
        .0
        .iter()
        .map(|raw| f32::from_le_bytes(*raw))
        .collect()
}

/// `f(x) = sum_i a_i (x_i - t_i)^2 / 2`, and the vectors involved, one output.
struct Quadratic {
    a: Vec<f32>,
    t: Vec<f32>,
    start: Vec<f32>,
}

impl Quadratic {
    fn new(n: usize) -> Self {
        let wave = |i: usize, f: f32| (i as f32 * f).sin();
        Self {
            a: (0..n).map(|i| 1.0 + 0.5 * wave(i, 0.9)).collect(),
            t: (0..n).map(|i| wave(i, 1.7) + 0.3 * wave(i, 0.21)).collect(),
            start: (0..n).map(|i| wave(i, 2.3)).collect(),
        }
    }

    fn linear(&self, device: &Device) -> Linear {
        let n = self.start.len();
        let mut linear = LinearConfig::new(n, 1).with_bias(false).init(device);
        let data = TensorData::new(self.start.clone(), [n, 1]);
        linear.weight = Param::from_tensor(Tensor::from_data(data, device));
        linear
    }

    fn column(&self, values: &[f32], device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len(), 1]), device)
    }

    /// Trains and gives the trainer after its last step.
    fn train(&self, config: TrainConfig) -> (Trainer<Linear>, Vec<StepReport>) {
        let device = device();
        let (a, t) = (self.column(&self.a, &device), self.column(&self.t, &device));
        let mut trainer = Trainer::new(self.linear(&device), config).expect("the settings are valid");
        let mut reports = Vec::new();
        while !trainer.is_done() {
            let report = trainer.step(&mut |linear, batch| {
                let error = linear.weight.val() - t.clone();
                Gradients::of((a.clone() * error.powi_scalar(2)).sum() * 0.5, linear, batch)
            });
            reports.push(report.expect("trains"));
        }
        (trainer, reports)
    }
}

fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

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
                penalty: Penalty {
                    start: lambda[0],
                    end: lambda[1],
                    shape: Shape::Linear,
                },
                proximal: if decoupled {
                    Proximal::Decoupled
                } else {
                    Proximal::InGradient
                },
                ..AdmmSettings::new(pattern(text), PathRules::default())
            };
            let (trainer, _) = problem.train(TrainConfig::new(60, 0.02, Constraint::Admm(admm)));
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
    for metric in [ProjectionMetric::Identity, ProjectionMetric::SecondMoment] {
        let admm = AdmmSettings {
            metric,
            // Where weights cannot follow their sparse copies in time, duals outgrow them and the support goes in circles;
            // the higher the penalty, the more supports are stationary.
            interval: 64,
            penalty: Penalty::constant(1.2),
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
        assert!(loss < 1.05 * ideal, "{metric:?}: {loss} instead of {ideal}");
        let last = reports.iter().rev().find_map(|report| report.dual_update.clone());
        assert!(last.is_some_and(|last| last.relative_primal < 0.1), "{metric:?}");
    }
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
            let decode = |code: &u8| secateurs_prune::e4m3_to_f32(*code) * scale;
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
        penalty: Penalty {
            start: 0.0,
            end: 2.0,
            shape: Shape::Cosine,
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

#[test]
fn counts_are_exact_and_other_parameters_stay_dense() {
    for text in ["0%", "37%", "90%", "2:4", "1:8"] {
        for metric in [ProjectionMetric::Identity, ProjectionMetric::SecondMoment] {
            let (net, masks) = trained(config(9, AdmmSettings { metric, ..admm(text) }));
            assert_eq!(masks.keys().collect::<Vec<_>>(), ["first.weight", "second.weight"]);
            for (path, weight) in read_weights(&net, &PathRules::default()) {
                let keep = masks[&path].as_slice();
                laws::prunes_exactly(keep, pattern(text).pruned_count(weight.dims()));
                laws::zeros_are_positive(weight.values(), keep);
                if let Pattern::Nm(nm) = pattern(text) {
                    laws::keeps_per_group(keep, nm.keep(), nm.group());
                }
            }
            let embed = net
                .embed
                .val()
                .without_autodiff()
                .try_into_vec_as::<f32>()
                .expect("read");
            let before = Net::new(&device())
                .embed
                .val()
                .without_autodiff()
                .try_into_vec_as::<f32>()
                .expect("read");
            assert!(embed.iter().zip(&before).all(|(now, then)| *now != 0.0 && now != then));
        }
    }
}

#[test]
fn all_layers_can_compete() {
    let (_, masks) = trained(config(
        9,
        AdmmSettings {
            scope: Scope::Global,
            ..admm("50%")
        },
    ));
    let pruned: Vec<usize> = masks.values().map(KeepMask::n_pruned).collect();
    assert_eq!(pruned.iter().sum::<usize>(), (INPUTS * 16 + 16 * OUTPUTS) / 2);
    assert_ne!(pruned[0], INPUTS * 8);
}

#[test]
fn the_result_is_the_projection_of_the_last_weights() {
    let mut trainer = Trainer::new(Net::new(&device()), config(6, admm("50%"))).expect("valid");
    while !trainer.is_done() {
        trainer.step(&mut objective).expect("trains");
    }
    let dense = read_weights(trainer.module(), &PathRules::default());
    let projected = read_weights(&trainer.projected().expect("finite"), &PathRules::default());
    let (net, masks) = trainer.finish().expect("finite");
    let pruned = read_weights(&net, &PathRules::default());
    assert_eq!(projected, pruned);
    for ((path, dense), (_, pruned)) in dense.into_iter().zip(pruned) {
        let scores: Vec<f64> = dense.values().iter().map(|w| f64::from(w.abs())).collect();
        laws::prunes_lowest_first(&scores, masks[&path].as_slice());
        for (index, (before, after)) in dense.values().iter().zip(pruned.values()).enumerate() {
            assert_eq!(*after, if masks[&path].as_slice()[index] { *before } else { 0.0 });
        }
    }
}

#[test]
fn micro_batches_are_averaged() {
    let with = |micro_batches| TrainConfig {
        micro_batches,
        ..config(4, admm("50%"))
    };
    let mut single = Trainer::new(Net::new(&device()), with(1)).expect("valid");
    let mut split = Trainer::new(Net::new(&device()), with(2)).expect("valid");
    while !single.is_done() {
        let one = single.step(&mut |net, batch| {
            let at = |index| net.loss(Batch { index, ..batch });
            let loss = (at(2 * batch.step) + at(2 * batch.step + 1)) * 0.5;
            Gradients::of(loss, net, batch)
        });
        let two = split.step(&mut objective).expect("trains");
        let one = one.expect("trains");
        assert!((one.loss - two.loss).abs() < 1e-5 * one.loss);
        assert!(
            (one.gradient_norm / two.gradient_norm - 1.0).abs() < 1e-3,
            "{one:?} {two:?}"
        );
    }
    for (a, b) in state(&single).values().zip(state(&split).values()) {
        laws::close(&widen(&floats(a)), &widen(&floats(b)), 1e-2, 1e-4);
    }
}

fn all_formats() -> Vec<TrainConfig> {
    let quantised = AdmmSettings {
        split_format: StateFormat::E4m3,
        dual_format: StateFormat::Bf16,
        penalty: Penalty {
            start: 0.1,
            end: 1.0,
            shape: Shape::Cosine,
        },
        penalty_scale: PenaltyScale::PerTensor,
        metric: ProjectionMetric::SecondMoment,
        ..admm("50%")
    };
    let with = |moments, admm| TrainConfig {
        adam: AdamSettings {
            moments,
            weight_decay: 0.01,
            ..AdamSettings::default()
        },
        ..config(11, admm)
    };
    vec![
        with(MomentFormat::F32, admm("2:4")),
        with(MomentFormat::Int8, quantised),
    ]
}

#[test]
fn a_restored_trainer_goes_on_with_the_same_bits() {
    for config in all_formats() {
        for stop in [1, 4, 5, 10] {
            let mut whole = Trainer::new(Net::new(&device()), config.clone()).expect("valid");
            let mut stored = BTreeMap::new();
            while !whole.is_done() {
                if whole.steps_done() == stop {
                    stored = state(&whole);
                }
                whole.step(&mut objective).expect("trains");
            }
            let fresh = Trainer::new(Net::new(&device()), config.clone()).expect("valid");
            let mut resumed = fresh
                .restored(stop, &mut |name, slice| fill(slice, &stored[name]))
                .expect("the state fits");
            assert_eq!(state(&resumed), stored);
            while !resumed.is_done() {
                resumed.step(&mut objective).expect("trains");
            }
            assert!(state(&resumed) == state(&whole), "stopped after {stop} steps");
        }
    }
}

fn fill(slice: StateSliceMut<'_>, bytes: &[u8]) -> Result<(), std::convert::Infallible> {
    match slice {
        StateSliceMut::F32(values) => values.copy_from_slice(&floats(bytes)),
        StateSliceMut::Bf16(values) => {
            let pairs = bytes.as_chunks::<2>().0;
            values
                .iter_mut()
                .zip(pairs)
                .for_each(|(value, raw)| *value = half::bf16::from_le_bytes(*raw));
        }
        StateSliceMut::U8(values) => values.copy_from_slice(bytes),
    }
    Ok(())
}

#[test]
fn quantised_state_is_under_half_and_ends_near() {
    let problem = Quadratic::new(512);
    let distance = |config: TrainConfig| {
        let (trainer, _) = problem.train(config);
        let bytes = trainer.state_bytes();
        let (linear, _) = trainer.finish().expect("finite");
        let weights = read_weights(&linear, &PathRules::default()).remove(0).1;
        let terms = weights.values().iter().zip(&problem.a).zip(&problem.t);
        (terms.map(|((x, a), t)| a * (x - t).powi(2)).sum::<f32>(), bytes)
    };
    let plain = TrainConfig::new(400, 0.01, Constraint::Admm(admm("75%")));
    let quantised = TrainConfig {
        adam: AdamSettings {
            moments: MomentFormat::Int8,
            ..AdamSettings::default()
        },
        ..TrainConfig::new(
            400,
            0.01,
            Constraint::Admm(AdmmSettings {
                split_format: StateFormat::E4m3,
                dual_format: StateFormat::Bf16,
                ..admm("75%")
            }),
        )
    };
    let ((exact, exact_bytes), (rounded, rounded_bytes)) = (distance(plain), distance(quantised));
    assert_eq!(exact_bytes.per_parameter(), 16.0);
    // One byte of z and its scale, two of u, two of moments with two scales a block.
    assert_eq!(rounded_bytes.total(), 512 + 4 + 1024 + 1024 + 4 * 4);
    assert!(rounded < 1.1 * exact, "{rounded} instead of {exact}");
}

#[test]
fn fixed_masks_hold_and_free_training_prunes_nothing() {
    let masks: MaskSet = read_weights(&Net::new(&device()), &PathRules::default())
        .into_iter()
        .map(|(path, weight)| {
            let keep = (0..weight.len()).map(|index| index % 3 == 0).collect();
            (
                path,
                KeepMask::new(keep, weight.dims()).expect("dimensions of the weight"),
            )
        })
        .collect();
    let decay = AdamSettings {
        weight_decay: 0.1,
        ..AdamSettings::default()
    };
    let (net, found) = trained(TrainConfig {
        adam: decay,
        ..TrainConfig::new(30, 0.01, Constraint::Masks(masks.clone()))
    });
    assert_eq!(found, masks);
    for (path, weight) in read_weights(&net, &PathRules::default()) {
        laws::zeros_are_positive(weight.values(), masks[&path].as_slice());
        assert_eq!(weight.n_zeros(), masks[&path].n_pruned());
    }
    let (net, found) = trained(TrainConfig::new(30, 0.01, Constraint::Free));
    assert!(found.is_empty());
    assert!(
        read_weights(&net, &PathRules::default())
            .iter()
            .all(|(_, weight)| weight.n_zeros() == 0)
    );
}

#[test]
fn sharpness_takes_the_gradient_uphill() {
    // For f = a (x - t)^2 / 2 the gradient at x + r g / |g| is a (x - t) (1 + r a / |g|).
    let problem = Quadratic {
        a: vec![2.0],
        t: vec![0.0],
        start: vec![3.0],
    };
    let config = TrainConfig {
        sharpness: 0.5,
        max_norm: None,
        ..TrainConfig::new(1, 0.1, Constraint::Free)
    };
    let (_, reports) = problem.train(config);
    assert!((reports[0].gradient_norm - 7.0).abs() < 1e-5, "{reports:?}");
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let refuse = |config: TrainConfig| {
        Trainer::new(Net::new(&device()), config)
            .err()
            .expect("refused")
            .to_string()
    };
    assert!(refuse(config(0, admm("50%"))).contains("steps"));
    assert!(
        refuse(TrainConfig {
            learning_rate: LearningRate::linear(-1.0),
            ..config(5, admm("50%"))
        })
        .contains("learning rate")
    );
    let lambda = AdmmSettings {
        penalty: Penalty::constant(f64::NAN),
        ..admm("50%")
    };
    assert!(refuse(config(5, lambda)).contains("lambda"));
    assert!(
        refuse(config(
            5,
            AdmmSettings {
                interval: 0,
                ..admm("50%")
            }
        ))
        .contains("interval")
    );
    assert!(refuse(config(5, admm("2:3"))).contains("first.weight"));
    let nothing = AdmmSettings {
        rules: PathRules::new(["none"], [""; 0]).expect("globs"),
        ..admm("50%")
    };
    assert!(refuse(config(5, nothing)).contains("select no weight"));
    let mask = KeepMask::all([2, 2]);
    let unknown = MaskSet::from([("third.weight".to_owned(), mask.clone())]);
    assert!(refuse(TrainConfig::new(5, 0.1, Constraint::Masks(unknown))).contains("third.weight"));
    let misfit = MaskSet::from([("first.weight".to_owned(), mask)]);
    assert!(refuse(TrainConfig::new(5, 0.1, Constraint::Masks(misfit))).contains("first.weight"));
    let plain = Net::new(&secateurs_testkit::device());
    let frozen = plain.no_grad();
    assert!(matches!(
        Trainer::new(frozen, config(5, admm("50%"))),
        Err(PruneError::NothingToTrain)
    ));
}

#[test]
fn divergence_stops_before_the_weights_change() {
    let mut trainer = Trainer::new(Net::new(&device()), config(5, admm("50%"))).expect("valid");
    trainer.step(&mut objective).expect("trains");
    let before = state(&trainer);
    let nan_loss = trainer.step(&mut |net, batch| Gradients::of(net.loss(batch) * f32::NAN, net, batch));
    assert!(
        matches!(
            nan_loss,
            Err(PruneError::Diverged {
                step: 1,
                parameter: None,
                ..
            })
        ),
        "{nan_loss:?}"
    );
    // The root of 0 has an infinite derivative.
    let steep = trainer.step(&mut |net, batch| {
        let root = (net.second.weight.val() * 0.0).sum().sqrt();
        Gradients::of(net.loss(batch) + root, net, batch)
    });
    assert!(
        matches!(&steep, Err(PruneError::NonFiniteGradient { step: 1, path }) if path == "second.weight"),
        "{steep:?}"
    );
    let untracked = trainer.step(&mut |net, batch| Gradients::of(net.loss(batch).without_autodiff(), net, batch));
    assert!(matches!(untracked, Err(PruneError::UntrackedLoss { step: 1 })));
    assert!(state(&trainer) == before);
    trainer.step(&mut objective).expect("goes on");
}

#[test]
fn weights_that_a_step_spoils_are_not_handed_out() {
    let steep = TrainConfig {
        learning_rate: LearningRate::linear(1e39),
        ..TrainConfig::new(1, 1.0, Constraint::Free)
    };
    let mut trainer = Trainer::new(Net::new(&device()), steep).expect("a finite learning rate");
    trainer.step(&mut objective).expect("the gradient is finite");
    let spoilt = trainer.finish();
    assert!(matches!(spoilt, Err(PruneError::NonFiniteWeights { step: 1, .. })));
}

#[test]
fn a_tensor_without_gradient_is_pruned_by_magnitude() {
    let settings = AdmmSettings {
        metric: ProjectionMetric::SecondMoment,
        penalty: Penalty::constant(1e-30),
        ..admm("50%")
    };
    let before = read_weights(&Net::new(&device()), &PathRules::default());
    let mut trainer = Trainer::new(Net::new(&device()), config(3, settings)).expect("valid");
    while !trainer.is_done() {
        let only_embed = |net: &Net, batch| Gradients::of(net.embed.val().powi_scalar(2).sum(), net, batch);
        trainer.step(&mut |net, batch| only_embed(net, batch)).expect("trains");
    }
    let (_, masks) = trainer.finish().expect("finite");
    for (path, weight) in before {
        let scores: Vec<f64> = weight.values().iter().map(|w| f64::from(w.abs())).collect();
        laws::prunes_lowest_first(&scores, masks[&path].as_slice());
    }
}
