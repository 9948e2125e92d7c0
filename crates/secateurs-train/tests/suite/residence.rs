//! State on the device: the same training as with state on the host.

use super::training::{INPUTS, Net, admm, device, floats, objective, state, widen};
use secateurs_tensor::{KeepMask, MaskSet};
use secateurs_testkit::laws;
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, Decay, ProjectionMetric, Proximal, Residence, StateFormat, TrainConfig,
    Trainer,
};

fn configs() -> Vec<TrainConfig> {
    let every_third = (0..INPUTS * 16).map(|index| index % 3 != 0).collect();
    let mask = KeepMask::new(every_third, [16, INPUTS]).expect("it fits");
    let mut constraints = vec![
        Constraint::Free,
        Constraint::Masks(MaskSet::from([("first.weight".to_owned(), mask)])),
    ];
    for proximal in [Proximal::InGradient, Proximal::Decoupled] {
        for metric in [ProjectionMetric::Identity, ProjectionMetric::SecondMoment] {
            constraints.push(Constraint::Admm(AdmmSettings {
                proximal,
                metric,
                ..admm("50%")
            }));
        }
    }
    constraints.push(Constraint::Admm(AdmmSettings {
        dual_format: StateFormat::Bf16,
        ..admm("2:4")
    }));
    let decays = [
        (0.0, Decay::Decoupled),
        (0.1, Decay::Decoupled),
        (0.1, Decay::InGradient),
    ];
    let with_decay = |constraint: Constraint| {
        decays.map(|(weight_decay, decay)| TrainConfig {
            adam: AdamSettings {
                weight_decay,
                decay,
                ..AdamSettings::default()
            },
            micro_batches: 2,
            max_norm: Some(0.3),
            ..TrainConfig::new(11, 0.01, constraint.clone())
        })
    };
    constraints.into_iter().flat_map(with_decay).collect()
}

fn trainer(config: &TrainConfig, residence: Residence) -> Trainer<Net> {
    let config = TrainConfig {
        residence,
        ..config.clone()
    };
    Trainer::new(Net::new(&device()), config).expect("valid")
}

/// The trainer after its last step, and the norms of the gradients on the way.
fn finished(config: &TrainConfig, residence: Residence) -> (Trainer<Net>, Vec<f64>) {
    let mut trainer = trainer(config, residence);
    let mut norms = Vec::new();
    while !trainer.is_done() {
        norms.push(trainer.step(&mut objective).expect("trains").gradient_norm);
    }
    (trainer, norms)
}

#[test]
fn every_constraint_trains_alike() {
    for config in configs() {
        let (host, host_norms) = finished(&config, Residence::Host);
        let (device, device_norms) = finished(&config, Residence::Device);
        laws::close(&device_norms, &host_norms, 1e-4, 1e-5);
        let (on_host, on_device) = (state(&host), state(&device));
        assert_eq!(on_host.keys().collect::<Vec<_>>(), on_device.keys().collect::<Vec<_>>());
        for (name, bytes) in &on_host {
            if bytes.len().is_multiple_of(4) && !name.ends_with("dual") {
                laws::close(&widen(&floats(&on_device[name])), &widen(&floats(bytes)), 1e-3, 1e-5);
            }
        }
        let (host, device) = (host.finish().expect("finite").1, device.finish().expect("finite").1);
        assert_eq!(host, device);
    }
}

#[test]
fn bytes_on_the_device_are_counted() {
    let config = TrainConfig::new(3, 0.01, Constraint::Admm(admm("50%")));
    let (host, device) = (
        trainer(&config, Residence::Host).state_bytes(),
        trainer(&config, Residence::Device).state_bytes(),
    );
    assert_eq!((device.moments, device.dual), (host.moments, host.dual));
    assert_eq!(device.split, host.split + 4 * host.n_constrained);
}
