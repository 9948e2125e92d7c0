//! Convolutions are weight matrices too, `[d_output, channels * k_h * k_w]`.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData, activation};
use secateurs_tensor::{KeepMask, MaskSet, Scope, TensorError, WeightMatrix};
use secateurs_testkit::laws;
use secateurs_train::{AdmmSettings, Constraint, Gradients, MicroBatch, TrainConfig, TrainError, Trainer};

use super::state::fill;
use super::training::{admm, device, pattern, state};

/// Two convolutions, the second in two groups, and a linear head.
#[derive(Module, Debug)]
struct ConvNet {
    first: Conv2d,
    second: Conv2d,
    head: Linear,
}

/// `[d_output, d_input]` of each weight.
const DIMS: [(&str, [usize; 2]); 3] = [
    ("first.weight", [6, 4 * 3 * 3]),
    ("second.weight", [4, 3 * 2 * 2]),
    ("head.weight", [2, 4]),
];

impl ConvNet {
    fn new(device: &Device) -> Self {
        let net = Self {
            first: Conv2dConfig::new([4, 6], [3, 3]).init(device),
            second: Conv2dConfig::new([6, 4], [2, 2]).with_groups(2).init(device),
            head: LinearConfig::new(4, 2).init(device),
        };
        let mut n_seen = 0.0;
        net.map(&mut Waves { n_seen: &mut n_seen })
    }

    fn loss(&self, batch: MicroBatch) -> Tensor<1> {
        let device = self.head.weight.val().device();
        let values: Vec<f32> = (0..2 * 4 * 6 * 6)
            .map(|i| (i as f32 * 0.7 + batch.index as f32).sin())
            .collect();
        let images = Tensor::<4>::from_data(TensorData::new(values, [2, 4, 6, 6]), &device);
        let hidden = activation::gelu(self.first.forward(images)); // [2, 6, 4, 4]
        let hidden = self.second.forward(hidden).mean_dim(3).mean_dim(2).reshape([2, 4]);
        let wanted = 0.2 * (batch.index % 3) as f32;
        (self.head.forward(hidden) - wanted).powi_scalar(2).mean()
    }

    fn weights(&self) -> BTreeMap<&'static str, WeightMatrix> {
        let convolution = |layer: &Conv2d| WeightMatrix::from_conv2d(&layer.weight.val().without_autodiff());
        let weights = [
            convolution(&self.first),
            convolution(&self.second),
            WeightMatrix::from_linear(&self.head.weight.val().without_autodiff()),
        ];
        DIMS.iter().map(|(path, _)| *path).zip(weights).collect()
    }
}

/// Fills parameters with numbers that are the same every time.
struct Waves<'a> {
    n_seen: &'a mut f32,
}

impl burn::module::ModuleMapper for Waves<'_> {
    fn map_float<const D: usize>(&mut self, param: burn::module::Param<Tensor<D>>) -> burn::module::Param<Tensor<D>> {
        *self.n_seen += 1.0;
        let n_seen = *self.n_seen;
        param.map(|value| {
            let shape = value.dims();
            let values: Vec<f32> = (0..shape.iter().product::<usize>())
                .map(|i| 0.4 * (i as f32 * 1.37 + n_seen).sin())
                .collect();
            Tensor::from_data(TensorData::new(values, shape), &value.device()).require_grad()
        })
    }
}

fn objective(net: &ConvNet, batch: MicroBatch) -> Result<Gradients, TrainError> {
    Gradients::of(net.loss(batch), net, batch)
}

fn masks() -> MaskSet {
    let mask = |(path, dims): &(&str, [usize; 2])| {
        let keep = (0..dims[0] * dims[1]).map(|index| index % 3 != 1).collect();
        ((*path).to_owned(), KeepMask::new(keep, *dims).expect("it fits"))
    };
    DIMS.iter().map(mask).collect()
}

fn constraints() -> Vec<Constraint> {
    vec![
        Constraint::Masks(masks()),
        Constraint::Admm(admm("50%")),
        Constraint::Admm(AdmmSettings {
            scope: Scope::Global,
            ..admm("37%")
        }),
        Constraint::Admm(admm("1:2")),
    ]
}

fn trainer(constraint: Constraint) -> Trainer<ConvNet> {
    let config = TrainConfig::new(11, 0.02, constraint);
    Trainer::new(ConvNet::new(&device()), config).expect("the settings are valid")
}

#[test]
fn masked_kernels_stay_at_positive_zero_in_every_step() {
    let (masks, start) = (masks(), ConvNet::new(&device()).weights());
    let mut trainer = trainer(Constraint::Masks(masks.clone()));
    while !trainer.is_done() {
        trainer.step(&mut objective).expect("trains");
        for (path, weight) in trainer.module().weights() {
            laws::zeros_are_positive(weight.values(), masks[path].as_slice());
        }
    }
    let (net, found) = trainer.finish().expect("finite");
    assert_eq!(found, masks);
    for (path, weight) in net.weights() {
        assert_eq!(weight.n_zeros(), masks[path].n_pruned(), "{path}");
        let moved = weight.values().iter().zip(start[path].values());
        let moved = moved.filter(|(now, then)| **now != 0.0 && now != then).count();
        assert_eq!(moved, masks[path].n_kept(), "{path}");
    }
}

#[test]
fn counts_of_sparse_copies_are_exact() {
    for text in ["0%", "37%", "90%", "1:2"] {
        let mut trainer = trainer(Constraint::Admm(admm(text)));
        while !trainer.is_done() {
            trainer.step(&mut objective).expect("trains");
        }
        let (net, masks) = trainer.finish().expect("finite");
        assert_eq!(masks.len(), DIMS.len());
        for (path, weight) in net.weights() {
            let keep = masks[path].as_slice();
            laws::prunes_exactly(keep, pattern(text).pruned_count(weight.dims()));
            laws::zeros_are_positive(weight.values(), keep);
            if text == "1:2" {
                laws::keeps_per_group(keep, 1, 2);
            }
        }
    }
}

#[test]
fn a_checkpoint_in_the_middle_changes_no_bit() {
    for constraint in constraints() {
        let mut whole = trainer(constraint.clone());
        let mut stored = BTreeMap::new();
        while !whole.is_done() {
            if whole.steps_done() == 6 {
                stored = state(&whole);
            }
            whole.step(&mut objective).expect("trains");
        }
        let resumed = trainer(constraint).restored(6, &mut |name, slice| fill(slice, &stored[name]));
        let mut resumed = resumed.expect("the state fits");
        while !resumed.is_done() {
            resumed.step(&mut objective).expect("trains");
        }
        assert!(state(&resumed) == state(&whole));
        let (resumed, whole) = (resumed.finish().expect("finite"), whole.finish().expect("finite"));
        assert_eq!(resumed.1, whole.1);
        assert_eq!(resumed.0.weights(), whole.0.weights());
    }
}

#[test]
fn masks_that_fit_no_kernel_are_refused() {
    let refuse = |path: &str, dims: [usize; 2]| {
        let masks = MaskSet::from([(path.to_owned(), KeepMask::all(dims))]);
        let config = TrainConfig::new(3, 0.1, Constraint::Masks(masks));
        Trainer::new(ConvNet::new(&device()), config).err().expect("refused")
    };
    let transposed = refuse("first.weight", [36, 6]);
    let TrainError::Tensor(TensorError::ParameterMismatch { expected, .. }) = transposed else {
        panic!("{transposed}");
    };
    assert_eq!(expected, [6, 36]);
    let bias = refuse("first.bias", [6, 1]);
    assert!(matches!(
        bias,
        TrainError::Tensor(TensorError::UnsupportedRank { rank: 1, .. })
    ));
}
