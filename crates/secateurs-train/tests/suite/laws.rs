//! What holds of every training that prunes.

use super::training::{
    INPUTS, Net, OUTPUTS, Quadratic, admm, config, device, floats, objective, pattern, state, trained, widen,
};
use secateurs_tensor::{KeepMask, MaskSet, PathRules, Pattern, Scope, read_weights};
use secateurs_testkit::laws;
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, Gradients, MicroBatch, PenaltySchedule, ProjectionMetric, TrainConfig,
    Trainer,
};

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
            let at = |index| net.loss(MicroBatch { index, ..batch });
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
fn a_tensor_without_gradient_is_pruned_by_magnitude() {
    let settings = AdmmSettings {
        metric: ProjectionMetric::SecondMoment,
        penalty: PenaltySchedule::constant(1e-30),
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
