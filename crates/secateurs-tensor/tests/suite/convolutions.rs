//! What a convolution reads, against plain loops and against burn's own product.

use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Tensor, TensorData};
use proptest::prelude::*;
use secateurs_tensor::{WeightMatrix, conv_patches};
use secateurs_testkit::naive::Kernel;
use secateurs_testkit::{device, laws, naive};

use crate::{Mixer, as_f64};

/// Zeros that burn's `Same` adds, for an output as large as the input over the stride.
fn same(kernel: Kernel, size: [usize; 2]) -> [[usize; 2]; 2] {
    [0, 1].map(|axis| {
        let n_places = size[axis].div_ceil(kernel.stride[axis]);
        let missing = ((n_places - 1) * kernel.stride[axis] + kernel.size[axis]).saturating_sub(size[axis]);
        [missing / 2, missing.div_ceil(2)]
    })
}

fn conv(kernel: Kernel, padding: PaddingConfig2d, channels: [usize; 2]) -> Conv2d {
    Conv2dConfig::new(channels, kernel.size)
        .with_stride(kernel.stride)
        .with_dilation(kernel.dilation)
        .with_groups(kernel.groups)
        .with_padding(padding)
        .with_bias(false)
        .init(&device())
}

/// The convolution as products of patches and canonical weights, `[batch, outputs, places]`.
fn products(patches: &[f64], weight: &WeightMatrix, groups: usize, batch: usize) -> Vec<f64> {
    let [d_output, d_input] = weight.dims();
    let n_places = patches.len() / d_input / groups / batch;
    let mut products = Vec::new();
    for image in 0..batch {
        for output in 0..d_output {
            let group = output / (d_output / groups);
            for place in 0..n_places {
                let start = ((image * groups + group) * n_places + place) * d_input;
                let row = &patches[start..start + d_input];
                let sum = row
                    .iter()
                    .zip(weight.output(output))
                    .map(|(x, w)| x * f64::from(*w))
                    .sum();
                products.push(sum);
            }
        }
    }
    products
}

/// The patches are those of the loops, and times the weights they are the convolution.
fn check(conv: &Conv2d, kernel: Kernel, size: [usize; 2], seed: u64) {
    let shape = [2, 4, size[0], size[1]];
    let values = Mixer(seed).uniforms(shape.iter().product());
    let image = Tensor::<4>::from_data(TensorData::new(values.clone(), shape), &device());
    let patches = conv_patches(conv, &image);
    let weight = WeightMatrix::from_conv2d(&conv.weight.val());
    assert_eq!(patches.dims()[1], weight.d_input());
    let patches = as_f64(&patches.try_into_vec_as::<f32>().expect("readable"));
    laws::close(&patches, &naive::patches(&as_f64(&values), shape, kernel), 1e-6, 1e-6);
    let output = conv.forward(image).try_into_vec_as::<f32>().expect("readable");
    let expected = products(&patches, &weight, kernel.groups, shape[0]);
    laws::close(&as_f64(&output), &expected, 1e-4, 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn patches_are_what_a_convolution_reads(
        [k_h, k_w, s_h, s_w, d_h, d_w] in [1_usize..4, 1..4, 1..4, 1..4, 1..3, 1..3],
        [top, left, bottom, right] in [0_usize..3, 0..3, 0..3, 0..3],
        [height, width] in [5_usize..8, 5..8],
        two_groups in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let kernel = Kernel {
            size: [k_h, k_w],
            stride: [s_h, s_w],
            padding: [[top, bottom], [left, right]],
            dilation: [d_h, d_w],
            groups: 1 + usize::from(two_groups),
        };
        let explicit = PaddingConfig2d::Explicit(top, left, bottom, right);
        check(&conv(kernel, explicit, [4, 6]), kernel, [height, width], seed);
        let valid = Kernel { padding: [[0; 2]; 2], ..kernel };
        check(&conv(valid, PaddingConfig2d::Valid, [4, 6]), valid, [height, width], seed);
        let undilated = Kernel { dilation: [1, 1], ..kernel };
        let kernel = Kernel { padding: same(undilated, [height, width]), ..undilated };
        check(&conv(kernel, PaddingConfig2d::Same, [4, 6]), kernel, [height, width], seed);
    }
}

#[test]
fn every_channel_can_be_a_group() {
    let kernel = Kernel {
        size: [3, 3],
        stride: [1, 1],
        padding: [[1; 2]; 2],
        dilation: [1, 1],
        groups: 4,
    };
    let conv = conv(kernel, PaddingConfig2d::Explicit(1, 1, 1, 1), [4, 8]);
    assert_eq!(
        conv_patches(&conv, &Tensor::zeros([2, 4, 5, 6], &device())).dims(),
        [2 * 4 * 30, 9]
    );
    check(&conv, kernel, [5, 6], 1);
}
