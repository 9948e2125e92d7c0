//! The trainer's Adam beside burn's.

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use secateurs_testkit::laws;
use secateurs_train::{
    AdamSettings, Constraint, LearningRate, MicroBatch, Residence, ScheduleShape, TrainConfig, Trainer,
};

use super::training::{Net, device, objective, widen};

const STEPS: usize = 40;
const DECAY: f32 = 0.1;

fn burns() -> Net {
    let mut optimizer: ModuleOptimizer = AdamWConfig::new()
        .with_beta_2(0.95)
        .with_epsilon(1e-8)
        .with_weight_decay(DECAY)
        .init();
    let mut net = Net::new(&device());
    for step in 0..STEPS {
        let batch = MicroBatch {
            step,
            micro: 0,
            index: step,
        };
        let gradients = GradientsParams::from_grads(net.loss(batch).backward(), &net);
        net = optimizer.step(0.01, net, gradients);
    }
    net
}

fn ours(residence: Residence) -> Net {
    let config = TrainConfig {
        learning_rate: LearningRate {
            decay: ScheduleShape::Constant,
            ..LearningRate::linear(0.01)
        },
        adam: AdamSettings {
            weight_decay: f64::from(DECAY),
            ..AdamSettings::default()
        },
        max_norm: None,
        residence,
        ..TrainConfig::new(STEPS, 0.01, Constraint::Free)
    };
    let mut trainer = Trainer::new(Net::new(&device()), config).expect("valid");
    while !trainer.is_done() {
        trainer.step(&mut objective).expect("trains");
    }
    trainer.finish().expect("finite").0
}

/// Both round in an order of their own, so that bits differ, and five digits of a large weight do not.
#[test]
fn free_training_is_adamw_up_to_rounding() {
    let values = |net: &Net| {
        let net = net.valid();
        let weights = [net.embed.val(), net.first.weight.val(), net.second.weight.val()];
        weights
            .map(|weight| widen(&weight.try_into_vec_as::<f32>().expect("read")))
            .concat()
    };
    let (expected, start) = (values(&burns()), values(&Net::new(&device())));
    for residence in [Residence::Host, Residence::Device] {
        laws::close(&values(&ours(residence)), &expected, 1e-5, 0.1);
    }
    let moved = expected.iter().zip(&start).map(|(end, start)| (end - start).abs());
    assert!(moved.fold(0.0, f64::max) > 0.1, "nothing was trained");
}
