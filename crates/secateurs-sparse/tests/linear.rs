//! `SparseLinear` in the place of burn's layer.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig, LinearLayout};
use burn::tensor::{Tensor, TensorData};
use proptest::prelude::*;
use secateurs_sparse::{Format, GroupPattern, PackedMatrix, SparseError, SparseLinear, ValueType};
use secateurs_testkit::device;

/// A layer of which the weights at two of every four inputs are zero.
fn layer(d_input: usize, d_output: usize, bias: bool, layout: LinearLayout) -> Linear {
    let config = LinearConfig::new(d_input, d_output).with_bias(bias).with_layout(layout);
    let mut linear = config.init(&device());
    let weights: Vec<f32> = (0..d_input * d_output)
        .map(|index| match index / d_output % 4 {
            0 | 3 => 0.0,
            // Never zero.
            _ => (index * 7919 % 257) as f32 / 64.0 - 2.01,
        })
        .collect();
    let weights = Tensor::<2>::from_data(TensorData::new(weights, [d_input, d_output]), &device());
    linear.weight = linear.weight.map(|_| weights);
    linear
}

fn input(dims: [usize; 3]) -> Tensor<3> {
    let values: Vec<f32> = (0..dims.iter().product())
        .map(|index: usize| (index * 31 % 101) as f32 / 50.0 - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, dims), &device())
}

fn largest_difference(a: Tensor<3>, b: Tensor<3>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let (a, b): (Vec<f32>, Vec<f32>) = (a.into_data().iter().collect(), b.into_data().iter().collect());
    a.iter().zip(&b).fold(0.0, |largest, (a, b)| largest.max((a - b).abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_result_is_that_of_the_dense_layer(
        n_batches in 1usize..3,
        n_tokens in 1usize..20,
        groups in 1usize..30,
        d_output in 1usize..40,
        bias in any::<bool>(),
        col in any::<bool>(),
    ) {
        let layout = if col { LinearLayout::Col } else { LinearLayout::Row };
        let linear = layer(4 * groups, d_output, bias, layout);
        let x = input([n_batches, n_tokens, 4 * groups]);
        let expected = linear.forward(x.clone());
        let halves = Format::Nm(GroupPattern::new(2, 4).expect("a pattern"));
        for format in [None, Some(Format::Dense), Some(Format::Bitmap), Some(Format::Indexed), Some(halves)] {
            let packed = SparseLinear::from_linear(&linear, format, ValueType::F32).expect("packs");
            prop_assert!(format.is_none() || format != Some(Format::Bitmap) || matches!(packed.matrix(), PackedMatrix::Bitmap(_)));
            // At most 120 roundings of sums below 240.
            prop_assert!(largest_difference(packed.forward(x.clone()), expected.clone()) < 1e-3);
        }
    }
}

#[test]
fn the_format_is_chosen_by_the_weights() {
    let linear = layer(64, 8, false, LinearLayout::Row);
    let packed = SparseLinear::from_linear(&linear, None, ValueType::F16).expect("packs");
    assert!(matches!(packed.matrix(), PackedMatrix::Nm(matrix) if matrix.pattern().keep() == 2));
}

#[test]
fn the_bias_has_one_value_for_every_output() {
    let matrix = PackedMatrix::pack(&[1.0; 12], [3, 4], Format::Dense, ValueType::F32).expect("packs");
    let bias = Param::from_tensor(Tensor::zeros([4], &device()));
    let refused = SparseLinear::new(matrix, Some(bias));
    assert!(matches!(
        refused,
        Err(SparseError::Size {
            part: "the bias",
            expected: 3,
            got: 4,
            ..
        })
    ));
}

/// A module like any other: it is cloned, moved and counted; its packed weights are no parameters.
#[test]
fn it_is_a_module() {
    let linear = layer(8, 3, true, LinearLayout::Row);
    let packed = SparseLinear::from_linear(&linear, None, ValueType::F32).expect("packs");
    assert_eq!(packed.num_params(), 3);
    let moved = packed.clone().to_device(&device());
    let x = input([1, 2, 8]);
    assert_eq!(largest_difference(moved.forward(x.clone()), packed.forward(x)), 0.0);
}
