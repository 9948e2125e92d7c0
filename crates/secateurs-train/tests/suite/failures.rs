//! What training refuses, and how it stops.

use super::training::{Net, admm, config, device, objective, state};
use burn::module::Module;
use secateurs_tensor::{KeepMask, MaskSet, PathRules};
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, Gradients, LearningRate, MomentFormat, PenaltySchedule, Residence,
    TrainConfig, TrainError, Trainer,
};

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
        penalty: PenaltySchedule::constant(f64::NAN),
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
    let on_device = TrainConfig {
        residence: Residence::Device,
        ..config(5, admm("50%"))
    };
    let adam = AdamSettings {
        moments: MomentFormat::Int8,
        ..on_device.adam
    };
    assert!(
        refuse(TrainConfig {
            adam,
            ..on_device.clone()
        })
        .contains("moments")
    );
    assert!(
        refuse(TrainConfig {
            sharpness: 0.1,
            ..on_device
        })
        .contains("sharpness")
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
        Err(TrainError::NothingToTrain)
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
            Err(TrainError::Diverged {
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
        matches!(&steep, Err(TrainError::NonFiniteGradient { step: 1, path }) if path == "second.weight"),
        "{steep:?}"
    );
    let untracked = trainer.step(&mut |net, batch| Gradients::of(net.loss(batch).without_autodiff(), net, batch));
    assert!(matches!(untracked, Err(TrainError::UntrackedLoss { step: 1 })));
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
    assert!(matches!(spoilt, Err(TrainError::NonFiniteWeights { step: 1, .. })));
}
