//! The methods on one block of SmolLM2-135M: seven linears that read four inputs, factorisations included.

#![allow(missing_docs)] // the macros of criterion define undocumented items

use std::time::Duration;

use burn::tensor::{Distribution, Tensor};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use secateurs_importance::Wanda;
use secateurs_prune::{Alps, Gram, LAdmm, LayerMethod, LayerProblem, MaskOnly, SparseGpt};
use secateurs_tensor::{GramAccumulator, Pattern, Scope, WeightMatrix};
use secateurs_testkit::device;

/// Inputs of the block: width, and the outputs of the linears that read it.
const SITES: [(usize, &[usize]); 4] = [
    (576, &[576, 192, 192]),
    (576, &[576]),
    (576, &[1536, 1536]),
    (1536, &[576]),
];

struct Site {
    statistics: GramAccumulator,
    weights: Vec<WeightMatrix>,
}

/// Inputs with a spectrum that falls as in a language model's hidden states, and channels of unequal scale.
fn statistics(d_input: usize) -> GramAccumulator {
    let device = device();
    let decay: Vec<f32> = (1..=d_input).map(|rank| (rank as f32).powf(-0.5)).collect();
    let decay = Tensor::<1>::from_floats(decay.as_slice(), &device).unsqueeze::<2>();
    let normal = Distribution::Normal(0.0, 1.0);
    let mixing = Tensor::<2>::random([d_input, d_input], normal, &device);
    let scales = (Tensor::<2>::random([1, d_input], normal, &device) * 0.5).exp();
    let mut statistics = GramAccumulator::new(d_input);
    for _ in 0..8 {
        let signals = Tensor::<2>::random([1024, d_input], normal, &device) * decay.clone();
        statistics
            .observe(&(signals.matmul(mixing.clone()) * scales.clone()))
            .expect("finite inputs");
    }
    statistics
}

fn block() -> Vec<Site> {
    let weight = |d_output, d_input| {
        let values = Tensor::<2>::random([d_input, d_output], Distribution::Normal(0.0, 0.05), &device());
        WeightMatrix::from_linear(&values)
    };
    let site = |(d_input, outputs): (usize, &[usize])| Site {
        statistics: statistics(d_input),
        weights: outputs.iter().map(|d_output| weight(*d_output, d_input)).collect(),
    };
    SITES.into_iter().map(site).collect()
}

fn solve(block: &[Site], grams: Vec<Gram>, method: &dyn LayerMethod, pattern: Pattern) -> usize {
    let mut n_pruned = 0;
    for (site, gram) in block.iter().zip(&grams) {
        for weight in &site.weights {
            let problem = LayerProblem::new("bench", weight, pattern).with_gram(gram);
            n_pruned += method.solve(&problem).expect("solvable").keep.n_pruned();
        }
    }
    n_pruned
}

fn prune_block(criterion: &mut Criterion) {
    let block = block();
    let methods: [Box<dyn LayerMethod>; 4] = [
        Box::new(MaskOnly::new(Wanda, Scope::PerOutput)),
        Box::new(SparseGpt::default()),
        Box::new(LAdmm::default()),
        Box::new(Alps::default()),
    ];
    let mut group = criterion.benchmark_group("prune/smollm2-135m-block");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(5));
    for method in &methods {
        for pattern in ["50%", "2:4"] {
            let pattern: Pattern = pattern.parse().expect("a valid pattern");
            group.bench_function(format!("{}/{pattern}", method.name()), |bencher| {
                let grams = || block.iter().map(|site| Gram::new(&site.statistics)).collect::<Vec<_>>();
                let run = |grams| solve(&block, grams, method.as_ref(), pattern);
                bencher.iter_batched(grams, run, BatchSize::PerIteration);
            });
        }
    }
    group.finish();
}

criterion_group!(benches, prune_block);
criterion_main!(benches);
