//! Training state: taken out, put back, and stored in few bits.

use std::collections::BTreeMap;

use super::training::{Net, Quadratic, admm, config, device, floats, objective, state};
use secateurs_tensor::{PathRules, read_weights};
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, MomentFormat, PenaltyScale, PenaltySchedule, ProjectionMetric, Residence,
    ScheduleShape, StateFormat, StateSliceMut, TrainConfig, Trainer,
};

fn all_formats() -> Vec<TrainConfig> {
    let quantised = AdmmSettings {
        split_format: StateFormat::E4m3,
        dual_format: StateFormat::Bf16,
        penalty: PenaltySchedule {
            start: 0.1,
            end: 1.0,
            shape: ScheduleShape::Cosine,
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
    let on_device = TrainConfig {
        residence: Residence::Device,
        ..with(MomentFormat::F32, admm("2:4"))
    };
    vec![
        on_device,
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

pub fn fill(slice: StateSliceMut<'_>, bytes: &[u8]) -> Result<(), std::convert::Infallible> {
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
