//! Fine-tuning under masks keeps zeros, whatever the optimizer.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Tensor, activation};
use secateurs_tensor::{
    MaskSet, PathRules, Scope, Scores, WeightMatrix, attach_masks, fold_masks, read_weights, select,
};
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

/// Masks that keep the largest 40 % of every weight matrix.
fn masks(model: &Perceptron) -> MaskSet {
    let largest = |weight: &WeightMatrix| {
        let magnitudes = weight.values().iter().map(|value| value.abs()).collect();
        let scores = Scores::new(magnitudes, weight.dims()).expect("finite");
        select(&scores, "60%".parse().expect("a valid pattern"), Scope::PerLayer).expect("it fits")
    };
    let weights = read_weights(model, &PathRules::default()).into_iter();
    weights.map(|(path, weight)| (path, largest(&weight))).collect()
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
    for (name, mut optimizer, learning_rate) in optimizers() {
        let model = Perceptron::new(&device);
        let masks = masks(&model);
        let mut model = attach_masks(model, &masks).expect("the masks fit");
        let before = read_weights(&model, &PathRules::default());
        let mut losses = Vec::new();
        for _ in 0..400 {
            let loss = (model.forward(inputs.clone()) - targets.clone()).powi_scalar(2).mean();
            losses.push(loss.clone().into_scalar::<f32>());
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            model = optimizer.step(learning_rate, model, gradients);
        }
        let model = fold_masks(model);
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
