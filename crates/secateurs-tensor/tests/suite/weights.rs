//! `WeightMatrix` and its layouts.

use burn::tensor::{DType, Tensor, TensorData};
use proptest::prelude::*;
use secateurs_tensor::{TensorError, WeightMatrix};
use secateurs_testkit::device;

use crate::Mixer;

#[test]
fn burn_linear_weights_are_transposed() {
    // burn: [d_input 3, d_output 2].
    let weight = Tensor::<2>::from_data([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], &device());
    let matrix = WeightMatrix::from_linear(&weight);
    assert_eq!(
        (matrix.dims(), matrix.d_output(), matrix.d_input(), matrix.len()),
        ([2, 3], 2, 3, 6)
    );
    assert_eq!(
        (matrix.output(0), matrix.output(1)),
        (&[1.0, 2.0, 3.0][..], &[4.0, 5.0, 6.0][..])
    );
    assert_eq!(matrix.into_linear(&device()).into_data(), weight.into_data());
}

#[test]
fn convolutions_are_flattened_per_output() {
    let values = Mixer(1).uniforms(2 * 3 * 2 * 2);
    let weight = Tensor::<4>::from_data(TensorData::new(values.clone(), [2, 3, 2, 2]), &device());
    let matrix = WeightMatrix::from_conv2d(&weight);
    assert_eq!((matrix.dims(), matrix.values()), ([2, 12], &values[..]));
    let error = matrix.clone().into_conv2d([3, 2], 3, &device()).unwrap_err();
    assert!(
        matches!(
            error,
            TensorError::KernelMismatch {
                kernel: [3, 2],
                channels: 3,
                d_input: 12
            }
        ),
        "{error}"
    );
    let back = matrix.into_conv2d([2, 2], 3, &device()).unwrap();
    assert_eq!(back.into_data(), weight.into_data());
}

#[test]
fn half_precision_and_autodiff_tensors_are_read() {
    let half = Tensor::<2>::from_data([[1.5, -2.0]], &device()).cast(DType::F16);
    assert_eq!(WeightMatrix::from_linear(&half).values(), [1.5, -2.0]);
    let tracked = Tensor::<2>::from_data([[1.5, -2.0]], &device().autodiff()).require_grad();
    assert_eq!(WeightMatrix::from_linear(&tracked).values(), [1.5, -2.0]);
}

#[test]
fn non_finite_weights_are_named() {
    let mut matrix = WeightMatrix::new(vec![1.0; 6], [2, 3]).unwrap();
    assert!(matrix.check_finite("a").is_ok());
    matrix.values_mut()[4] = f32::NEG_INFINITY;
    matrix.values_mut()[5] = f32::NAN;
    let error = matrix.check_finite("layers.0.weight").unwrap_err();
    assert_eq!(
        error.to_string(),
        "layers.0.weight: the weight of output 1, input 1 is -inf"
    );
}

#[test]
fn zeros_of_both_signs_count() {
    let matrix = WeightMatrix::new(vec![0.0, -0.0, 1.0, f32::from_bits(1)], [1, 4]).unwrap();
    assert_eq!((matrix.n_zeros(), matrix.sparsity()), (2, 0.5));
    let empty = WeightMatrix::new(Vec::new(), [0, 7]).unwrap();
    assert_eq!((empty.is_empty(), empty.sparsity()), (true, 0.0));
}

#[test]
fn dimensions_must_fit() {
    assert!(matches!(
        WeightMatrix::new(vec![0.0; 5], [2, 3]),
        Err(TensorError::LengthMismatch {
            expected: 6,
            got: 5,
            ..
        })
    ));
    assert!(WeightMatrix::new(Vec::new(), [usize::MAX, 2]).is_err());
}

proptest! {
    #[test]
    fn linear_layouts_round_trip(d_output in 1usize..70, d_input in 1usize..70, seed in any::<u64>()) {
        let matrix = WeightMatrix::new(Mixer(seed).uniforms(d_output * d_input), [d_output, d_input]).unwrap();
        let linear = matrix.clone().into_linear(&device());
        prop_assert_eq!(linear.dims(), [d_input, d_output]);
        prop_assert_eq!(WeightMatrix::from_linear(&linear), matrix);
    }
}
