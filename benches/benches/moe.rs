//! Experts on their own tokens only, against every expert on every token, for 8 and 64 experts, two per token: time,
//! and the memory of a step. The ideal share of the dense time is 2 / 8 and 2 / 64.

#![allow(missing_docs)] // the macros of criterion define undocumented items

use std::time::Duration;

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{Criterion, criterion_group, criterion_main};
use secateurs_benches::step_memory;
use secateurs_moe::{Expert, GatedMlp, Router, Routing, TopK, mix};
use secateurs_testkit::device;

const TOKENS: usize = 4096;
const D_MODEL: usize = 256;
const D_FFN: usize = 256;
const TOP_K: usize = 2;

/// A layer's experts and the inputs of a step.
struct Scene {
    experts: Vec<GatedMlp>,
    tokens: Tensor<2>,
    routing: Routing,
    /// Weights `[n_tokens, n_experts]`, zero for experts that a token was not sent to.
    gates: Tensor<2>,
}

impl Scene {
    fn new(n_experts: usize, device: &Device) -> Self {
        device.seed(1);
        let random = |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), device);
        let routing = TopK::new(TOP_K)
            .route(random([TOKENS, n_experts]), None)
            .expect("the logits are finite");
        let Routing::Tokens(pairs) = &routing else {
            unreachable!("top-k sends tokens")
        };
        let mut gates = vec![0.0f32; TOKENS * n_experts];
        for ((token, expert), gate) in pairs.assignment.pairs().zip(pairs.gates.to_data().iter::<f32>()) {
            gates[token * n_experts + expert] = gate;
        }
        let gates = Tensor::<1>::from_floats(gates.as_slice(), device).reshape([TOKENS, n_experts]);
        let tokens = random([TOKENS, D_MODEL]);
        Self {
            experts: (0..n_experts).map(|_| GatedMlp::new(D_MODEL, D_FFN, device)).collect(),
            tokens: if tokens.is_autodiff() {
                tokens.require_grad()
            } else {
                tokens
            },
            routing,
            gates,
        }
    }

    fn grouped(&self) -> Tensor<2> {
        mix(self.tokens.clone(), &self.routing, &self.experts).expect("the sizes agree")
    }

    fn dense(&self) -> Tensor<2> {
        let answers = self.experts.iter().enumerate();
        let answers =
            answers.map(|(index, expert)| expert.answer(self.tokens.clone()) * self.gates.clone().narrow(1, index, 1));
        answers.reduce(|sum, answer| sum + answer).expect("there are experts")
    }
}

fn moe(criterion: &mut Criterion) {
    for n_experts in [8, 64] {
        let scenes = [
            Scene::new(n_experts, &device()),
            Scene::new(n_experts, &device().autodiff()),
        ];
        let [plain, training] = &scenes;
        let difference = (plain.grouped() - plain.dense()).abs().max().into_scalar::<f32>();
        let size = plain.dense().abs().max().into_scalar::<f32>();
        println!("{n_experts} experts: largest difference {difference:e} of {size:.3}");
        let backward = |y: Tensor<2>| drop(y.sum().backward());
        // Forwards alone is less than the allocator holds by now. The smaller first, for the same reason.
        println!(
            "{n_experts} experts, peak MiB of a step forwards and backwards: grouped {:.0}, dense {:.0}",
            step_memory(|| backward(training.grouped())),
            step_memory(|| backward(training.dense())),
        );
        let mut group = criterion.benchmark_group(format!("{n_experts}_experts"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(4));
        group.bench_function("grouped/forward", |b| b.iter(|| plain.grouped()));
        group.bench_function("dense/forward", |b| b.iter(|| plain.dense()));
        group.bench_function("grouped/forward_backward", |b| b.iter(|| backward(training.grouped())));
        group.bench_function("dense/forward_backward", |b| b.iter(|| backward(training.dense())));
        group.finish();
    }
}

criterion_group!(benches, moe);
criterion_main!(benches);
