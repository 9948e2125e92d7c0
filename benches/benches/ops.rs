//! Fused operations beside their plain formulation on the same device, at the shapes of SmolLM2-135M with a window of
//! 1024 tokens. PyTorch's times for the same shapes: `python benches/peers/ops.py`.

#![allow(missing_docs)] // the macros of criterion define undocumented items

use std::time::Duration;

use burn::tensor::{Device, Distribution, Int, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use secateurs_ops::{self as ops, plain};
use secateurs_testkit::device;

fn random<const D: usize>(shape: [usize; D], deviation: f64) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, deviation), &device())
}

fn by_head(n_heads: usize) -> Tensor<4> {
    random([1, 1024, n_heads, 64], 1.0).swap_dims(1, 2)
}

fn targets(n_tokens: usize) -> Tensor<1, Int> {
    Tensor::random([n_tokens], Distribution::Uniform(0.0, 49151.0), &device())
}

/// One operation forwards alone and with the backward pass, fused and plain.
struct Case<const D: usize, const E: usize> {
    name: &'static str,
    inputs: Vec<Tensor<D>>,
    fused: fn(&[Tensor<D>]) -> Tensor<E>,
    plain: fn(&[Tensor<D>]) -> Tensor<E>,
}

impl<const D: usize, const E: usize> Case<D, E> {
    fn run(self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(self.name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        let training = Device::autodiff(device());
        let leaves: Vec<Tensor<D>> = self
            .inputs
            .iter()
            .map(|x| Tensor::from_data(x.to_data(), &training).require_grad())
            .collect();
        for (kind, operation) in [("fused", self.fused), ("plain", self.plain)] {
            group.bench_function(format!("forward/{kind}"), |b| b.iter(|| operation(&self.inputs)));
            group.bench_function(format!("forward_backward/{kind}"), |b| {
                b.iter(|| operation(&leaves).sum().backward());
            });
        }
        group.finish();
    }
}

macro_rules! case {
    ($criterion:ident, $name:ident, $inputs:expr, |$module:ident, $t:ident| $body:expr) => {
        Case {
            name: stringify!($name),
            inputs: $inputs.into(),
            fused: |$t| {
                use ops as $module;
                $body
            },
            plain: |$t| {
                use plain as $module;
                $body
            },
        }
        .run($criterion)
    };
}

fn layer(c: &mut Criterion) {
    case!(
        c,
        linear_up,
        [random([1024, 576], 1.0), random([576, 1536], 0.04)],
        |m, t| m::linear(t[0].clone(), t[1].clone())
    );
    case!(
        c,
        linear_down,
        [random([1024, 1536], 1.0), random([1536, 576], 0.04)],
        |m, t| m::linear(t[0].clone(), t[1].clone())
    );
    case!(c, rms_norm, [random([1, 1024, 576], 1.0)], |m, t| {
        m::rms_norm(t[0].clone(), Tensor::ones([576], &t[0].device()), 1e-5)
    });
    case!(
        c,
        swiglu,
        [random([1024, 1536], 1.0), random([1024, 1536], 1.0)],
        |m, t| m::swiglu(t[0].clone(), t[1].clone())
    );
    case!(c, rope, [by_head(9)], |m, t| {
        let angles = Tensor::ones([1024, 32], &t[0].device());
        m::rope(t[0].clone(), angles.clone(), angles)
    });
    case!(c, causal_attention, [by_head(9), by_head(3), by_head(3)], |m, t| {
        m::causal_attention(t[0].clone(), t[1].clone(), t[2].clone(), 0.125)
    });
}

fn loss(c: &mut Criterion) {
    case!(c, cross_entropy, [random([128, 49152], 1.0)], |m, t| m::cross_entropy(
        t[0].clone(),
        targets(128)
    ));
    case!(
        c,
        linear_cross_entropy,
        [random([1024, 576], 1.0), random([49152, 576], 0.04)],
        |m, t| m::linear_cross_entropy(t[0].clone(), t[1].clone(), targets(1024))
    );
}

criterion_group!(benches, layer, loss);
criterion_main!(benches);
