//! A KAN of 1000, 1000 and 1 nodes on 100 rows, forwards alone and with the backward pass: splines with few and with
//! many intervals, other bases, and an MLP with the number of parameters of 5 intervals. PyTorch's times for the same:
//! `python benches/peers/kan.py`.

#![allow(missing_docs)] // the macros of criterion define undocumented items

use std::time::Duration;

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor, activation};
use criterion::{Criterion, criterion_group, criterion_main};
use secateurs::allocator::{KeptMemory, MiMalloc};
use secateurs_benches::step_memory;
use secateurs_kan::{BasisConfig, KanConfig};
use secateurs_testkit::device;

/// The allocator of every program that trains.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const BATCH: usize = 100;
const WIDTH: usize = 1000;

fn input(device: &Device) -> Tensor<2> {
    Tensor::random([BATCH, WIDTH], Distribution::Uniform(-1.0, 1.0), device)
}

fn measure(criterion: &mut Criterion, name: &str, forward: impl Fn(&Device) -> Tensor<2>) {
    // Before the allocator keeps what steps leave.
    let memory = step_memory(|| drop(forward(&device().autodiff()).sum().backward()));
    println!("{name}: {memory:.0} MiB for a step forwards and backwards");
    let _kept = KeptMemory::new();
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    let plain = device();
    group.bench_function("forward", |b| b.iter(|| forward(&plain)));
    let training = plain.autodiff();
    let step = || forward(&training).sum().backward();
    group.bench_function("forward_backward", |b| b.iter(step));
    group.finish();
}

fn kan(criterion: &mut Criterion) {
    let spline = |n_intervals| BasisConfig::BSpline { degree: 3, n_intervals };
    let cases = [
        ("spline_5", spline(5)),
        ("spline_20", spline(20)),
        ("spline_100", spline(100)),
        ("chebyshev_4", BasisConfig::Chebyshev { degree: 4 }),
        ("gaussian_8", BasisConfig::GaussianRbf { n_centres: 8 }),
    ];
    for (name, basis) in cases {
        let config = KanConfig::new([WIDTH, WIDTH, 1], basis).expect("the shape is valid");
        let plain = config.init(0, &device());
        let training = plain.clone().train();
        let inputs = [input(&device()), input(&device().autodiff())];
        measure(criterion, name, |at| {
            if at.is_autodiff() {
                training.forward(inputs[1].clone())
            } else {
                plain.forward(inputs[0].clone())
            }
        });
    }
}

#[derive(Module, Debug)]
struct Mlp {
    up: Linear,
    down: Linear,
}

impl Mlp {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.down.forward(activation::relu(self.up.forward(x)))
    }
}

fn mlp(criterion: &mut Criterion) {
    let hidden = 9 * WIDTH;
    let plain = Mlp {
        up: LinearConfig::new(WIDTH, hidden).init(&device()),
        down: LinearConfig::new(hidden, 1).init(&device()),
    };
    let training = plain.clone().train();
    let inputs = [input(&device()), input(&device().autodiff())];
    measure(criterion, "mlp", |at| {
        if at.is_autodiff() {
            training.forward(inputs[1].clone())
        } else {
            plain.forward(inputs[0].clone())
        }
    });
}

criterion_group!(benches, kan, mlp);
criterion_main!(benches);
