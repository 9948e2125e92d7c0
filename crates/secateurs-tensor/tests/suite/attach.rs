//! Masks on modules: forward, backward, optimizers, folding.

use burn::module::{Lora, Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use secateurs_tensor::{
    KeepMask, MaskSet, PathRules, TensorError, WeightMatrix, attach_masks, fold_masks, read_weights,
};
use secateurs_testkit::{device, laws};

use crate::{Mixer, tensor};

#[derive(Module, Debug)]
struct Mlp {
    first: Linear,
    second: Linear,
}

impl Mlp {
    fn new(device: &Device) -> Self {
        let linear = |seed, d_input: usize, d_output: usize| {
            let mut linear = LinearConfig::new(d_input, d_output).init(device);
            let weight = tensor(&Mixer(seed).uniforms(d_input * d_output), [d_input, d_output], device);
            linear.weight = Param::from_tensor(weight);
            linear.bias = Some(Param::from_tensor(Tensor::ones([d_output], device)));
            linear
        };
        Self {
            first: linear(1, 6, 8),
            second: linear(2, 8, 3),
        }
    }

    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        self.second.forward(relu(self.first.forward(inputs)))
    }
}

fn inputs(device: &Device) -> Tensor<2> {
    tensor(&Mixer(3).uniforms(5 * 6), [5, 6], device)
}

fn mask(seed: u64, dims: [usize; 2]) -> KeepMask {
    let mut mixer = Mixer(seed);
    KeepMask::new((0..dims[0] * dims[1]).map(|_| mixer.next() & 1 == 0).collect(), dims).unwrap()
}

fn masks() -> MaskSet {
    [("first.weight", mask(4, [8, 6])), ("second.weight", mask(5, [3, 8]))]
        .into_iter()
        .map(|(path, mask)| (path.to_owned(), mask))
        .collect()
}

/// The masks applied on the host to a copy of the model.
fn masked_on_host(mut model: Mlp, device: &Device) -> Mlp {
    for (linear, path) in [(&mut model.first, "first.weight"), (&mut model.second, "second.weight")] {
        let mut weight = WeightMatrix::from_linear(&linear.weight.val());
        masks()[path].apply(&mut weight).unwrap();
        linear.weight = Param::from_tensor(weight.into_linear(device));
    }
    model
}

fn check_zeros(model: &Mlp) {
    for (path, weight) in read_weights(model, &PathRules::default()) {
        let masks = masks();
        laws::zeros_are_positive(weight.values(), masks[&path].as_slice());
        // Kept weights are random: a zero among them would mean that too much is masked.
        assert_eq!(weight.n_zeros(), masks[&path].n_pruned(), "{path}");
    }
}

#[test]
fn forward_equals_the_masked_dense_model() {
    for device in [device(), device().autodiff()] {
        let model = Mlp::new(&device);
        let expected = masked_on_host(model.clone(), &device)
            .forward(inputs(&device))
            .into_data();
        let masked = attach_masks(model.clone(), &masks()).unwrap();
        assert_eq!(masked.forward(inputs(&device)).into_data(), expected);
        assert_ne!(model.forward(inputs(&device)).into_data(), expected);
        assert_eq!(fold_masks(masked).forward(inputs(&device)).into_data(), expected);
    }
}

#[test]
fn attaching_changes_no_count_and_no_base() {
    let model = Mlp::new(&device());
    let n_params = model.num_params();
    let base = model.first.weight.val().into_data();
    let masked = attach_masks(model, &masks()).unwrap();
    assert_eq!(masked.num_params(), n_params);
    assert_eq!(masked.first.weight.base().into_data(), base);
    check_zeros(&masked);
    let folded = fold_masks(masked);
    assert_eq!(folded.num_params(), n_params);
    check_zeros(&folded);
}

#[test]
fn gradients_of_pruned_weights_are_exactly_zero() {
    let device = device().autodiff();
    let model = Mlp::new(&device);
    let dense = masked_on_host(model.clone(), &device);
    let masked = attach_masks(model, &masks()).unwrap();
    let gradient = |model: &Mlp| {
        let gradients = model.forward(inputs(&device)).powi_scalar(2).sum().backward();
        let of = |weight: Tensor<2>| WeightMatrix::from_linear(&weight.grad(&gradients).expect("a gradient"));
        [of(model.first.weight.base()), of(model.second.weight.base())]
    };
    for ((got, full), mask) in gradient(&masked).iter().zip(&gradient(&dense)).zip(masks().values()) {
        assert!(
            full.values()
                .iter()
                .zip(mask.as_slice())
                .any(|(value, keep)| !keep && *value != 0.0)
        );
        for ((got, full), keep) in got.values().iter().zip(full.values()).zip(mask.as_slice()) {
            assert_eq!(*got, if *keep { *full } else { 0.0 });
        }
    }
}

fn step(model: Mlp, optimizer: &mut ModuleOptimizer) -> Mlp {
    let device = device().autodiff();
    let loss = model.forward(inputs(&device)).powi_scalar(2).sum();
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    optimizer.step(0.05, model, gradients)
}

/// Momentum gathered while dense keeps pushing pruned weights, and so does weight decay: neither may show.
fn check_training(mut optimizer: ModuleOptimizer) {
    let mut model = Mlp::new(&device().autodiff());
    for _ in 0..3 {
        model = step(model, &mut optimizer);
    }
    let before = WeightMatrix::from_linear(&model.first.weight.val());
    let mut masked = attach_masks(model, &masks()).unwrap();
    for _ in 0..5 {
        masked = step(masked, &mut optimizer);
        check_zeros(&masked);
    }
    let base = WeightMatrix::from_linear(&masked.first.weight.base());
    let moved = |wanted: bool| {
        let mask = &masks()["first.weight"];
        let pairs = base.values().iter().zip(before.values()).zip(mask.as_slice());
        pairs
            .filter(|((after, before), keep)| **keep == wanted && after != before)
            .count()
    };
    assert!(moved(true) > 0, "kept weights train");
    assert!(
        moved(false) > 0,
        "the optimizer pushes pruned weights, or this test shows nothing"
    );
    check_zeros(&fold_masks(masked.clone()));
    check_zeros(&fold_masks(masked.valid()));
}

#[test]
fn zeros_survive_adam_with_weight_decay() {
    check_training(
        AdamConfig::new()
            .with_weight_decay(Some(WeightDecayConfig::new(0.1)))
            .init(),
    );
}

#[test]
fn zeros_survive_adamw() {
    check_training(AdamWConfig::new().with_weight_decay(0.1).init());
}

#[test]
fn zeros_survive_momentum_with_weight_decay() {
    let config = SgdConfig::new()
        .with_momentum(Some(MomentumConfig::new()))
        .with_weight_decay(Some(WeightDecayConfig::new(0.1)));
    check_training(config.init());
}

#[test]
fn masks_survive_validation_and_records() {
    let device = device().autodiff();
    let masked = attach_masks(Mlp::new(&device), &masks()).unwrap();
    let expected = masked.forward(inputs(&device)).into_data();
    let valid = masked.valid();
    assert_eq!(
        valid.forward(inputs(&device.clone().without_autodiff())).into_data(),
        expected
    );
    check_zeros(&step(valid.train(), &mut AdamWConfig::new().init()));

    let all: MaskSet = masks()
        .iter()
        .map(|(path, mask)| (path.clone(), KeepMask::all(mask.dims())))
        .collect();
    let other = attach_masks(Mlp::new(&device), &all).unwrap();
    check_zeros(&other.load_record(masked.into_record()));
}

#[test]
fn convolutions_are_masked() {
    let device = device().autodiff();
    let conv: Conv2d = Conv2dConfig::new([2, 3], [2, 2]).init(&device);
    let mask = mask(6, [3, 8]);
    let mut expected = WeightMatrix::from_conv2d(&conv.weight.val());
    mask.apply(&mut expected).unwrap();
    let masked = attach_masks(conv, &MaskSet::from([("weight".to_owned(), mask)])).unwrap();
    assert_eq!(WeightMatrix::from_conv2d(&masked.weight.val()), expected);
    assert_eq!(WeightMatrix::from_conv2d(&fold_masks(masked).weight.base()), expected);
}

#[test]
fn masks_that_fit_nothing_are_errors() {
    let attach = |path: &str, mask: KeepMask| {
        attach_masks(Mlp::new(&device()), &MaskSet::from([(path.to_owned(), mask)])).unwrap_err()
    };
    let error = attach("third.weight", KeepMask::all([8, 6]));
    assert!(
        matches!(&error, TensorError::UnknownParameter { path } if path == "third.weight"),
        "{error}"
    );
    let error = attach("first.weight", KeepMask::all([6, 8]));
    assert!(
        matches!(
            error,
            TensorError::ParameterMismatch {
                expected: [8, 6],
                got: [6, 8],
                ..
            }
        ),
        "{error}"
    );
    let error = attach("first.bias", KeepMask::all([1, 8]));
    assert!(matches!(error, TensorError::UnsupportedRank { rank: 1, .. }), "{error}");
}

#[test]
fn a_second_attachment_is_refused() {
    let masked = attach_masks(Mlp::new(&device()), &masks()).unwrap();
    let error = attach_masks(masked.clone(), &masks()).unwrap_err();
    assert!(
        matches!(&error, TensorError::AlreadyReparameterized { path } if path == "first.weight"),
        "{error}"
    );
    check_zeros(&attach_masks(fold_masks(masked), &masks()).unwrap());

    let adapted = Mlp::new(&device()).apply_lora(Lora::new(2, 4.0));
    assert!(matches!(
        attach_masks(adapted, &masks()),
        Err(TensorError::AlreadyReparameterized { .. })
    ));
}

#[test]
fn an_unnamed_parameter_may_carry_a_mask_already() {
    let split = |path: &str| MaskSet::from([(path.to_owned(), masks()[path].clone())]);
    let first = attach_masks(Mlp::new(&device()), &split("first.weight")).unwrap();
    check_zeros(&attach_masks(first, &split("second.weight")).unwrap());
}
