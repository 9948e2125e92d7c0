//! Convolutions, pruned by the driver as matrices of `[d_output, channels * k_h * k_w]`.

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use secateurs_importance::{GradientCollector, Taylor, Wanda};
use secateurs_prune::{BlockPlan, LayerMethod, MaskOnly, SparseGpt, prune_blocks};
use secateurs_tensor::{
    KeepMask, Observer, PathRules, Scope, WeightMatrix, conv_patches, read_weights, replace_weights,
};
use secateurs_testkit::{laws, naive};

use super::{Block, Blocks, matrix, pattern, tensor, widen};

const CHANNELS: usize = 4;
const SIZE: [usize; 2] = [7, 6];
const KERNELS: [(&str, [usize; 2]); 2] = [("wide.weight", [4, 36]), ("strided.weight", [4, 16])];

/// Two convolutions, the second with a stride and a dilation, and what they add to a cropped image.
#[derive(Module, Debug)]
struct ConvBlock {
    wide: Conv2d,
    strided: Conv2d,
}

impl ConvBlock {
    fn new(seed: u64, device: &Device) -> Self {
        let block = Self {
            wide: Conv2dConfig::new([CHANNELS, CHANNELS], [3, 3])
                .with_padding(PaddingConfig2d::Same)
                .init(device),
            strided: Conv2dConfig::new([CHANNELS, CHANNELS], [2, 2])
                .with_stride([1, 2])
                .with_dilation([2, 1])
                .init(device),
        };
        let weights = KERNELS.map(|(path, dims)| (path.to_owned(), matrix(seed + dims[1] as u64, dims)));
        replace_weights(block, weights.into()).expect("the weights fit")
    }
}

impl Block for ConvBlock {
    type Flow = Tensor<4>;

    fn run(&self, input: Tensor<4>, observer: &mut dyn Observer) -> Tensor<4> {
        observer.observe(&["wide.weight"], &conv_patches(&self.wide, &input));
        let hidden = (input.clone() + self.wide.forward(input)).tanh();
        observer.observe(&["strided.weight"], &conv_patches(&self.strided, &hidden));
        self.strided.forward(hidden)
    }
}

/// Two blocks: `[2, 4, 7, 6]` becomes `[2, 4, 5, 3]`, then `[2, 4, 3, 1]`.
#[derive(Module, Debug)]
struct Net {
    blocks: Vec<ConvBlock>,
}

fn net(device: &Device) -> Net {
    Net {
        blocks: vec![ConvBlock::new(1, device), ConvBlock::new(7, device)],
    }
}

/// Images whose neighbouring rows are alike, so that a weight can stand in for another.
fn images(device: &Device) -> Vec<Tensor<4>> {
    let image = |seed| tensor(seed, [2, CHANNELS, SIZE[0], SIZE[1]], device).cumsum(2);
    (0..12).map(|seed| image(seed + 50)).collect()
}

/// Prunes the net and returns its blocks.
fn prune(method: &dyn LayerMethod, text: &str) -> Vec<ConvBlock> {
    let device = secateurs_testkit::device();
    let recording = device.clone().autodiff();
    let dense = net(&recording);
    let mut collector = GradientCollector::new(PathRules::default());
    for image in images(&recording) {
        let output = dense.blocks.iter().fold(image, |flow, block| block.run(flow, &mut ()));
        let gradients = GradientsParams::from_grads(output.powi_scalar(2).sum().backward(), &dense);
        collector.observe(&dense, &gradients).expect("finite gradients");
    }
    let gradients = collector.into_stats();
    let mut store = Blocks(net(&device).blocks);
    let (patterns, rules) = ([pattern(text); 2], PathRules::default());
    let plan = BlockPlan {
        model_gradients: Some(&gradients),
        ..BlockPlan::new(method, &patterns, &rules)
    };
    let report = prune_blocks(&mut store, images(&device), &plan, &mut |_| {}).expect("pruned");
    assert_eq!(report.layers.len(), 4);
    for layer in &report.layers {
        assert_eq!(layer.pruned, layer.requested_pruned, "{}", layer.path);
        let block = &store.0[usize::from(layer.path.starts_with("blocks.1"))];
        let weights = read_weights(block, &rules);
        let (_, weight) = weights
            .iter()
            .find(|(path, _)| layer.path.ends_with(path.as_str()))
            .expect("the report names a weight");
        assert_eq!(layer.dims, weight.dims());
        laws::zeros_are_positive(weight.values(), KeepMask::of_nonzeros(weight).as_slice());
    }
    store.0
}

/// `||(W - W^) X||^2 / ||W X||^2` of the first convolution.
fn relative_error(pruned: &[ConvBlock]) -> f64 {
    let device = secateurs_testkit::device();
    let dense = net(&device).blocks.remove(0).wide;
    let bias = dense
        .bias
        .as_ref()
        .expect("by default")
        .val()
        .reshape([1, CHANNELS, 1, 1]);
    let change: f64 = images(&device)
        .into_iter()
        .map(|image| {
            f64::from(
                (dense.forward(image.clone()) - run_with(&dense, &pruned[0].wide, image))
                    .powi_scalar(2)
                    .sum()
                    .into_scalar::<f32>(),
            )
        })
        .sum();
    let whole: f64 = images(&device)
        .into_iter()
        .map(|image| {
            f64::from(
                (dense.forward(image) - bias.clone())
                    .powi_scalar(2)
                    .sum()
                    .into_scalar::<f32>(),
            )
        })
        .sum();
    change / whole
}

/// The pruned weights with the dense bias.
fn run_with(dense: &Conv2d, pruned: &Conv2d, image: Tensor<4>) -> Tensor<4> {
    let mut conv = dense.clone();
    conv.weight = pruned.weight.clone();
    conv.forward(image)
}

#[test]
fn sparsegpt_makes_up_for_what_wanda_only_removes() {
    for text in ["50%", "2:4"] {
        let by_wanda = relative_error(&prune(&MaskOnly::new(Wanda, Scope::PerOutput), text));
        let by_sparsegpt = relative_error(&prune(&SparseGpt::default(), text));
        assert!(by_wanda > 0.01, "{by_wanda} of the output changes");
        assert!(
            by_sparsegpt < 0.8 * by_wanda,
            "{by_sparsegpt} against {by_wanda} at {text}"
        );
    }
}

#[test]
fn wanda_prunes_what_its_formula_says_of_patches() {
    let pruned = prune(&MaskOnly::new(Wanda, Scope::PerOutput), "50%");
    let device = secateurs_testkit::device();
    let shape = [2, CHANNELS, SIZE[0], SIZE[1]];
    let kernel = naive::Kernel {
        size: [3, 3],
        stride: [1, 1],
        padding: [[1; 2]; 2],
        dilation: [1, 1],
        groups: 1,
    };
    let patches: Vec<f64> = images(&device)
        .into_iter()
        .flat_map(|image| {
            let values = image.try_into_vec_as::<f32>().expect("readable");
            naive::patches(&widen(&values), shape, kernel)
        })
        .collect();
    let dense = matrix(37, [4, 36]);
    let scores = naive::wanda(&widen(dense.values()), &naive::l2_norms(&patches, 36));
    let keep = KeepMask::of_nonzeros(&WeightMatrix::from_conv2d(&pruned[0].wide.weight.val()));
    assert_eq!(keep.as_slice(), naive::keep_per_output(&scores, 36, 18));
}

#[test]
fn taylor_prunes_convolutions() {
    let pruned = prune(&MaskOnly::new(Taylor::default(), Scope::PerLayer), "30%");
    let weight = WeightMatrix::from_conv2d(&pruned[1].strided.weight.val());
    assert_eq!(weight.n_zeros(), 19);
}
