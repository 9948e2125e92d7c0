//! Patches of an image, the inputs of a convolution.

use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::module::unfold4d;
use burn::tensor::ops::{PadMode, UnfoldOptions};

/// The inputs of a convolution as inputs of a linear layer: one row for each place of the kernel, so that
/// `patches * W^T` is the convolution's output, with its canonical weights `W`.
///
/// Columns are in the order of [`WeightMatrix`](crate::WeightMatrix): channel, row, column of the kernel. With several
/// groups the patches of all groups stand one below the other, sample by sample, and every group meets its own only; a
/// statistic of the inputs is then pooled over groups, as a weight matrix has one set of inputs.
///
/// # Shapes
///
/// `input`: `[batch, channels, height, width]`; the result:
/// `[batch * groups * out_height * out_width, channels / groups * k_h * k_w]`.
///
/// # Panics
///
/// If the input does not fit the convolution, as burn does.
///
/// # Examples
///
/// ```
/// use burn::nn::conv::Conv2dConfig;
/// use burn::tensor::Tensor;
/// use secateurs_tensor::conv_patches;
///
/// let device = secateurs_testkit::device();
/// let conv = Conv2dConfig::new([1, 4], [1, 2]).init(&device);
/// let image = Tensor::<4>::from_data([[[[1.0, 2.0, 3.0]]]], &device);
/// let patches = conv_patches(&conv, &image);
/// assert_eq!(patches.try_into_vec_as::<f32>()?, [1.0, 2.0, 2.0, 3.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn conv_patches(conv: &Conv2d, input: &Tensor<4>) -> Tensor<2> {
    let [batch, channels, height, width] = input.dims();
    let per_group = channels / conv.groups;
    let images = input
        .clone()
        .without_autodiff()
        .reshape([batch * conv.groups, per_group, height, width])
        .pad(padding(conv, [height, width]), PadMode::Constant(0.0));
    let options = UnfoldOptions::new(conv.stride, [0, 0], conv.dilation);
    // [batch * groups, channels / groups * k_h * k_w, places]
    let patches = unfold4d(images, conv.kernel_size, options).swap_dims(1, 2);
    let [n_images, n_places, d_input] = patches.dims();
    patches.reshape([n_images * n_places, d_input])
}

/// Zeros before and after the rows and the columns.
fn padding(conv: &Conv2d, size: [usize; 2]) -> [(usize, usize); 2] {
    match conv.padding {
        PaddingConfig2d::Valid => [(0, 0); 2],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [(top, bottom), (left, right)],
        PaddingConfig2d::Same => [0, 1].map(|axis| {
            let n_places = size[axis].div_ceil(conv.stride[axis]).max(1);
            let reach = (n_places - 1) * conv.stride[axis] + conv.kernel_size[axis];
            let missing = reach.saturating_sub(size[axis]);
            (missing / 2, missing - missing / 2)
        }),
    }
}
