//! Reading, replacing and masking agree, whatever layout burn stores a weight in.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2dConfig};
use burn::nn::{Linear, LinearConfig, LinearLayout};
use burn::tensor::Tensor;
use secateurs_tensor::{
    KeepMask, MaskSet, PathRules, TensorError, WeightMatrix, attach_masks, find_weights, fold_masks, read_weights,
    replace_weights, weight_paths,
};
use secateurs_testkit::{device, laws};

use crate::{Mixer, as_f64};

fn weight_of(module: &impl Module) -> WeightMatrix {
    let mut weights = read_weights(module, &PathRules::default());
    assert_eq!(weights.len(), 1);
    weights.remove(0).1
}

fn replaced<M: Module>(module: M, weight: &WeightMatrix) -> M {
    replace_weights(module, [("weight".to_owned(), weight.clone())].into()).expect("the weight fits")
}

/// The law: `run` shows what a module computes, so that the agreement is one of functions and not of conventions.
fn read_replace_and_mask_agree<M: Module>(make: impl Fn() -> M, run: impl Fn(&M) -> Vec<f32>) {
    let module = make();
    let dense = weight_of(&module);
    let [d_output, d_input] = dense.dims();
    let before = run(&module);
    // A transposed view may be multiplied in another order than a plain tensor.
    let near = |got: &[f32], expected: &[f32]| laws::close(&as_f64(got), &as_f64(expected), 1e-5, 1e-2);
    near(&run(&replaced(module.clone(), &dense)), &before);

    let mut mixer = Mixer(7);
    let other = WeightMatrix::new(mixer.uniforms(dense.len()), dense.dims()).expect("the length fits");
    assert_eq!(weight_of(&replaced(module.clone(), &other)), other);
    assert_eq!(
        weight_of(&replaced(make(), &other)),
        other,
        "a module that nobody has read yet"
    );
    let twice = replaced(replaced(module.clone(), &other), &dense);
    near(&run(&twice), &before);

    let keep = (0..dense.len()).map(|_| !mixer.next().is_multiple_of(3)).collect();
    let mask = KeepMask::new(keep, [d_output, d_input]).expect("the length fits");
    let mut pruned = dense;
    mask.apply(&mut pruned).expect("the dimensions fit");
    let by_hand = run(&replaced(module.clone(), &pruned));
    assert_ne!(by_hand, before);
    let masked = attach_masks(module, &MaskSet::from([("weight".to_owned(), mask)])).expect("the mask fits");
    assert_eq!(weight_of(&masked), pruned);
    near(&run(&masked), &by_hand);
    let folded = fold_masks(masked);
    assert_eq!(weight_of(&folded), pruned);
    near(&run(&folded), &by_hand);
}

#[test]
fn of_linears_in_either_layout() {
    let ramp = |linear: &Linear| {
        let inputs = Tensor::<1, burn::tensor::Int>::arange(0..12, &device())
            .float()
            .reshape([2, 6]);
        linear.forward(inputs).try_into_vec_as::<f32>().expect("readable")
    };
    for layout in [LinearLayout::Row, LinearLayout::Col] {
        read_replace_and_mask_agree(|| LinearConfig::new(6, 4).with_layout(layout).init(&device()), ramp);
    }
}

#[test]
fn of_convolutions_in_groups() {
    let ramp = |conv: &Conv2d| {
        let inputs = Tensor::<1, burn::tensor::Int>::arange(0..80, &device())
            .float()
            .reshape([1, 4, 4, 5]);
        conv.forward(inputs).try_into_vec_as::<f32>().expect("readable")
    };
    for groups in [1, 2] {
        read_replace_and_mask_agree(
            || Conv2dConfig::new([4, 6], [2, 3]).with_groups(groups).init(&device()),
            ramp,
        );
    }
}

#[test]
fn a_replacement_that_does_not_fit_is_refused() {
    let replace = |path: &str, dims: [usize; 2]| {
        let conv = Conv2dConfig::new([4, 6], [2, 3]).init(&device());
        let weight = WeightMatrix::new(vec![0.0; dims[0] * dims[1]], dims).expect("the length fits");
        replace_weights(conv, [(path.to_owned(), weight)].into()).expect_err("it does not fit")
    };
    let error = replace("weight", [24, 6]);
    assert!(
        matches!(&error, TensorError::ParameterMismatch { path, expected: [6, 24], got: [24, 6] } if path == "weight"),
        "{error}"
    );
    let error = replace("bias", [6, 1]);
    assert!(
        matches!(&error, TensorError::UnknownParameter { path } if path == "bias"),
        "{error}"
    );
}

#[test]
fn convolutions_are_found_and_transposed_ones_are_not() {
    let rules = PathRules::default();
    let conv = Conv2dConfig::new([4, 6], [2, 3]).init(&device());
    let found = find_weights(&conv, &rules);
    assert_eq!((found.len(), found[0].rank), (1, 4));
    assert_eq!(found[0].id, conv.weight.id);
    assert_eq!(weight_paths(&conv, &rules), ["weight"]);
    let transposed = ConvTranspose2dConfig::new([4, 6], [2, 3]).init(&device());
    assert!(find_weights(&transposed, &rules).is_empty());
    assert!(read_weights(&transposed, &rules).is_empty());
    let dense = transposed.weight.val();
    let weight = WeightMatrix::from_conv2d(&dense);
    let outcome = replace_weights(transposed, [("weight".to_owned(), weight)].into());
    assert!(matches!(outcome, Err(TensorError::UnknownParameter { .. })));
}
