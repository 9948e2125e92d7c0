//! Fine-tuning under masks keeps zeros, whatever the optimizer.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor, activation};
use secateurs_importance::{Magnitude, prune_module};
use secateurs_prune::{MaskedFineTune, PruneError};
use secateurs_tensor::{MaskSet, PathRules, Scope, read_weights};
use secateurs_testkit::laws;

#[derive(Module, Debug)]
struct Perceptron {
    first: Linear,
    second: Linear,
}

impl Perceptron {
    fn new(device: &Device) -> Self {
        let layer = |d_input, d_output| LinearConfig::new(d_input, d_output).init(device);
        Self {
            first: layer(8, 16),
            second: layer(16, 4),
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        self.second.forward(activation::relu(self.first.forward(inputs)))
    }
}

fn pruned(device: &Device) -> (Perceptron, MaskSet) {
    let pattern = "60%".parse().expect("a valid pattern");
    let (model, masks, _) = prune_module(
        Perceptron::new(device),
        &Magnitude,
        pattern,
        Scope::PerLayer,
        &PathRules::default(),
    )
    .expect("the model has linears");
    (model, masks)
}

fn optimizers() -> Vec<(&'static str, ModuleOptimizer, f64)> {
    let decay = Some(WeightDecayConfig::new(0.01));
    let sgd = SgdConfig::new()
        .with_momentum(Some(MomentumConfig::new()))
        .with_weight_decay(decay.clone());
    vec![
        ("sgd", sgd.init(), 0.05),
        ("adam", AdamConfig::new().with_weight_decay(decay).init(), 0.01),
        ("adamw", AdamWConfig::new().with_weight_decay(0.05).init(), 0.01),
    ]
}

#[test]
fn zeros_survive_every_optimizer() {
    let device = secateurs_testkit::device().autodiff();
    device.seed(7);
    let inputs = Tensor::<2>::random([64, 8], Distribution::Default, &device);
    let targets = inputs.clone().narrow(1, 0, 4).powi_scalar(2) - 0.5;
    for (name, optimizer, learning_rate) in optimizers() {
        let (model, masks) = pruned(&device);
        let before = read_weights(&model, &PathRules::default());
        let (model, losses) = MaskedFineTune::new(optimizer, learning_rate)
            .run(model, &masks, 400, |model, _| {
                (model.forward(inputs.clone()) - targets.clone()).powi_scalar(2).mean()
            })
            .expect("trains");
        assert!(
            losses[399] < 0.7 * losses[0],
            "{name}: the loss went from {} to {}",
            losses[0],
            losses[399]
        );
        for ((path, after), (_, before)) in read_weights(&model, &PathRules::default()).iter().zip(&before) {
            let keep = masks[path].as_slice();
            laws::zeros_are_positive(after.values(), keep);
            let changed = after
                .values()
                .iter()
                .zip(before.values())
                .filter(|(a, b)| a != b)
                .count();
            let n_kept = keep.iter().filter(|keep| **keep).count();
            // A unit that no input activates gets no gradient.
            assert!(
                changed <= n_kept && 2 * changed > n_kept,
                "{name}: {path}: {changed} of {n_kept} changed"
            );
        }
    }
}

#[test]
fn an_untracked_loss_is_refused() {
    let device = secateurs_testkit::device();
    let (model, masks) = pruned(&device);
    let inputs = Tensor::<2>::ones([1, 8], &device);
    let tuning = MaskedFineTune::new(AdamConfig::new().init(), 0.01);
    let outcome = tuning.run(model, &masks, 1, |model, _| model.forward(inputs.clone()).mean());
    assert!(matches!(outcome, Err(PruneError::UntrackedLoss { step: 0 })));
}

#[test]
fn a_loss_that_is_not_finite_is_refused() {
    let device = secateurs_testkit::device().autodiff();
    let (model, masks) = pruned(&device);
    let inputs = Tensor::<2>::ones([1, 8], &device);
    let tuning = MaskedFineTune::new(AdamConfig::new().init(), 0.01);
    let outcome = tuning.run(model, &masks, 5, |model, step| {
        model.forward(inputs.clone()).mean() * (if step == 3 { f32::NAN } else { 1.0 })
    });
    assert!(matches!(outcome, Err(PruneError::NonFiniteLoss { step: 3, .. })));
}
