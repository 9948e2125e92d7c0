//! Shapes that cross every tile and span, against the plain formulation: values and gradients.
//!
//! The bound is 2e-5 of the largest magnitude: both sides round in `f32`, in different orders.

mod oracle;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use oracle::{assert_close, numbers, tensor, values};
use secateurs_ops::{self as ops, plain};
use secateurs_testkit::device;

const BOUND: f64 = 2e-5;

/// Compares the results of two operations and the gradients of a weighted sum of them.
#[track_caller]
fn compare<const D: usize, const E: usize>(
    inputs: &[Tensor<D>],
    fused: impl Fn(&[Tensor<D>]) -> Tensor<E>,
    plain: impl Fn(&[Tensor<D>]) -> Tensor<E>,
) {
    let run = |operation: &dyn Fn(&[Tensor<D>]) -> Tensor<E>| {
        let leaves: Vec<_> = inputs.iter().map(|x| x.clone().detach().require_grad()).collect();
        let result = operation(&leaves);
        let factors = tensor(
            &numbers(result.shape().num_elements(), 5),
            result.dims(),
            &result.device(),
        );
        let gradients = (result.clone() * factors).sum().backward();
        let gradients: Vec<_> = leaves
            .iter()
            .map(|x| values(x.grad(&gradients).expect("tracked")))
            .collect();
        (values(result), gradients)
    };
    let ((got, got_gradients), (expected, expected_gradients)) = (run(&fused), run(&plain));
    assert_close(&got, &expected, BOUND, "value");
    for (got, expected) in got_gradients.iter().zip(&expected_gradients) {
        assert_close(got, expected, BOUND, "gradient");
    }
}

fn random<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
    tensor(&numbers(shape.iter().product(), seed), shape, &device().autodiff())
}

fn targets(n: usize, vocab: usize, device: &Device) -> Tensor<1, Int> {
    let targets: Vec<i64> = (0..n).map(|i| ((i * 7919) % vocab) as i64).collect();
    Tensor::from_data(TensorData::new(targets, [n]), device)
}

#[test]
fn linear_splits_over_both_sides() {
    for (m, k, n) in [(700, 300, 1100), (1100, 300, 700)] {
        compare(
            &[random([m, k], 1), random([k, n], 2)],
            |t| ops::linear(t[0].clone(), t[1].clone()),
            |t| plain::linear(t[0].clone(), t[1].clone()),
        );
    }
}

#[test]
fn elementwise_crosses_chunks() {
    compare(
        &[random([300, 300], 1), random([300, 300], 2)],
        |t| ops::swiglu(t[0].clone(), t[1].clone()),
        |t| plain::swiglu(t[0].clone(), t[1].clone()),
    );
    compare(
        &[random([2, 300, 200], 1)],
        |t| {
            ops::rms_norm(
                t[0].clone(),
                t[0].clone().slice([0..1, 0..1, 0..200]).reshape([200]),
                1e-5,
            )
        },
        |t| {
            plain::rms_norm(
                t[0].clone(),
                t[0].clone().slice([0..1, 0..1, 0..200]).reshape([200]),
                1e-5,
            )
        },
    );
    let (cos, sin) = (random([300, 10], 3), random([300, 10], 4));
    compare(
        &[random([2, 300, 3, 20], 1)],
        |t| ops::rope(t[0].clone().swap_dims(1, 2), cos.clone(), sin.clone()),
        |t| plain::rope(t[0].clone().swap_dims(1, 2), cos.clone(), sin.clone()),
    );
}

#[test]
fn attention_crosses_tiles_of_queries_and_blocks_of_keys() {
    for (n_heads, n_kv_heads, n_tokens) in [(6, 2, 300), (2, 2, 130), (3, 1, 64), (1, 1, 257)] {
        let d_head = 20;
        let inputs = [n_heads, n_kv_heads, n_kv_heads].map(|h| random([2, n_tokens, h, d_head], h as u64));
        // The layout of a model: heads split off the features, so that the operation sees strided views.
        let by_head = |t: &[Tensor<4>]| [0, 1, 2].map(|i| t[i].clone().swap_dims(1, 2));
        compare(
            &inputs,
            |t| {
                let [q, k, v] = by_head(t);
                ops::causal_attention(q, k, v, 0.3).swap_dims(1, 2)
            },
            |t| {
                let [q, k, v] = by_head(t);
                plain::causal_attention(q, k, v, 0.3).swap_dims(1, 2)
            },
        );
    }
}

#[test]
fn attention_survives_scores_beyond_the_range_of_exp() {
    let inputs = [1, 2, 3].map(|seed| random([1, 1, 300, 8], seed));
    let [q, k, v] = inputs.clone();
    let out = values(ops::causal_attention(q, k, v, 100.0));
    let [q, k, v] = inputs;
    assert_close(&out, &values(plain::causal_attention(q, k, v, 100.0)), 1e-4, "value");
}

#[test]
fn cross_entropies_cross_tiles_and_spans() {
    let (n_tokens, d_model, vocab) = (1100, 24, 5000);
    let device = device().autodiff();
    compare(
        &[random([300, vocab], 1)],
        |t| ops::cross_entropy(t[0].clone(), targets(300, vocab, &device)),
        |t| plain::cross_entropy(t[0].clone(), targets(300, vocab, &device)),
    );
    compare(
        &[random([n_tokens, d_model], 1), random([vocab, d_model], 2)],
        |t| ops::linear_cross_entropy(t[0].clone(), t[1].clone(), targets(n_tokens, vocab, &device)),
        |t| plain::linear_cross_entropy(t[0].clone(), t[1].clone(), targets(n_tokens, vocab, &device)),
    );
}

#[test]
fn gradients_flow_to_the_tracked_inputs_alone() {
    let (gate, up) = (random([5, 7], 1).require_grad(), random([5, 7], 2));
    let gradients = ops::swiglu(gate.clone(), up.clone()).sum().backward();
    assert!(gate.grad(&gradients).is_some());
    assert!(up.grad(&gradients).is_none());
}

#[test]
fn inputs_are_not_overwritten() {
    let device = device();
    let gate = tensor(&numbers(40, 1), [40], &device);
    let before = values(gate.clone());
    let _ = ops::swiglu(gate.clone(), gate.clone());
    assert_eq!(values(gate), before);
}

#[test]
fn views_inside_a_larger_tensor_are_read_where_they_are() {
    let views = |t: &[Tensor<2>]| [t[0].clone().slice([2..7, 0..20]), t[1].clone().slice([1..6, 0..20])];
    let inputs = [random([9, 20], 1), random([9, 20], 2)];
    let weight = random([20], 3);
    compare(
        &inputs,
        |t| {
            let [gate, up] = views(t);
            ops::rms_norm(ops::swiglu(gate, up).unsqueeze::<3>(), weight.clone(), 1e-5)
        },
        |t| {
            let [gate, up] = views(t);
            plain::rms_norm(plain::swiglu(gate, up).unsqueeze::<3>(), weight.clone(), 1e-5)
        },
    );
    compare(
        &inputs,
        |t| {
            let [logits, hidden] = views(t);
            let losses = ops::cross_entropy(logits, targets(5, 20, &device()));
            ops::linear(hidden.clone(), hidden.swap_dims(0, 1)) * losses.unsqueeze::<2>()
        },
        |t| {
            let [logits, hidden] = views(t);
            let losses = plain::cross_entropy(logits, targets(5, 20, &device()));
            plain::linear(hidden.clone(), hidden.swap_dims(0, 1)) * losses.unsqueeze::<2>()
        },
    );
}

#[test]
fn other_element_types_take_the_plain_formulation() {
    let device = Device::flex();
    let x = tensor(&numbers(12, 1), [3, 4], &device).cast(DType::F64);
    let w = tensor(&numbers(20, 2), [4, 5], &device).cast(DType::F64);
    let got = ops::linear(x.clone(), w.clone());
    assert_eq!(got.dtype(), DType::F64);
    assert_close(&values(got), &values(x.matmul(w)), 1e-15, "value");
}

#[test]
#[should_panic(expected = "target 9 is not in 0..9")]
#[cfg(feature = "flex")]
fn a_target_out_of_range_panics() {
    let device = Device::flex();
    let targets = Tensor::<1, Int>::from_data([9], &device);
    let _ = ops::cross_entropy(Tensor::zeros([1, 9], &device), targets);
}
