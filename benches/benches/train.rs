//! A training step of the fixture's shape: its derivatives, and the additional time of pruning while training.

#![allow(missing_docs)] // the macros of criterion define undocumented items

use std::time::Duration;

use burn::tensor::{Int, Tensor, TensorData};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use secateurs::models::decoder::{Activations, Llama, LlamaConfig, Rope};
use secateurs_tensor::PathRules;
use secateurs_testkit::device;
use secateurs_train::{
    AdamSettings, AdmmSettings, Constraint, Gradients, MicroBatch, MomentFormat, StateFormat, TrainConfig, Trainer,
};

const BATCH: usize = 8;
const WINDOW: usize = 128;

fn config() -> LlamaConfig {
    LlamaConfig {
        d_model: 192,
        d_ffn: 512,
        n_blocks: 5,
        n_heads: 6,
        n_kv_heads: 2,
        d_head: 32,
        vocab_size: 2048,
        max_positions: 1024,
        norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: None,
        tied_head: true,
        experts: None,
    }
}

fn tokens() -> Tensor<2, Int> {
    let ids: Vec<i64> = (0..BATCH * WINDOW).map(|i| (i * i % 2039) as i64).collect();
    Tensor::from_data(TensorData::new(ids, [BATCH, WINDOW]), &device().autodiff())
}

fn admm(split_format: StateFormat, dual_format: StateFormat) -> Constraint {
    let pattern = "90%".parse().expect("a valid pattern");
    Constraint::Admm(AdmmSettings {
        split_format,
        dual_format,
        ..AdmmSettings::new(pattern, PathRules::default())
    })
}

fn train(c: &mut Criterion) {
    let mut group = c.benchmark_group("train");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements((BATCH * WINDOW) as u64));
    let device = device().autodiff();
    let positions = Rope::new(&config(), WINDOW, &device);
    let llama = Llama::new(&config(), &device);
    for (name, activations) in [("keep", Activations::Keep), ("recompute", Activations::Recompute)] {
        let batch = MicroBatch {
            step: 0,
            micro: 0,
            index: 0,
        };
        group.bench_function(format!("gradients/{name}"), |bench| {
            bench.iter(|| {
                llama
                    .gradients(tokens(), &positions, activations, batch)
                    .expect("trains")
                    .loss
            });
        });
    }
    let int8 = AdamSettings {
        moments: MomentFormat::Int8,
        ..AdamSettings::default()
    };
    let variants = [
        ("free", Constraint::Free, AdamSettings::default()),
        (
            "elsa",
            admm(StateFormat::F32, StateFormat::F32),
            AdamSettings::default(),
        ),
        ("elsa-l", admm(StateFormat::E4m3, StateFormat::Bf16), int8),
    ];
    for (name, constraint, adam) in variants {
        let config = TrainConfig {
            adam,
            ..TrainConfig::new(1_000_000, 1e-4, constraint)
        };
        let mut trainer = Trainer::new(llama.clone(), config).expect("valid settings");
        group.bench_function(format!("step/{name}"), |bench| {
            bench.iter(|| {
                let step = trainer.step(&mut |llama, batch| {
                    Gradients::of(llama.token_losses(tokens(), &positions).mean(), llama, batch)
                });
                step.expect("trains").loss
            });
        });
    }
    group.finish();
}

criterion_group!(benches, train);
criterion_main!(benches);
