//! Selection and Gram accumulation, each beside the code that a user would write instead.

use burn::tensor::{Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_tensor::{GramAccumulator, Pattern, Scope, Scores, keep_largest_into, select};

/// A feed-forward weight of SmolLM2-135M.
const DIMS: [usize; 2] = [1536, 576];

fn magnitudes(n: usize) -> Vec<f32> {
    let mut rng = StdRng::seed_from_u64(0);
    // The sum of four uniform numbers is bell-shaped, as trained weights are.
    (0..n)
        .map(|_| (0..4).map(|_| rng.random_range(-1.0..1.0f32)).sum::<f32>().abs())
        .collect()
}

fn keep_largest(c: &mut Criterion) {
    let mut group = c.benchmark_group("keep_largest");
    for n in [1 << 12, DIMS[0] * DIMS[1], 4096 * 4096] {
        let values = magnitudes(n);
        let mut keep = vec![false; n];
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(BenchmarkId::new("exact", n), |b| {
            b.iter(|| keep_largest_into(&values, n / 2, &mut keep).expect("no NaN"));
        });
        group.bench_function(BenchmarkId::new("select_nth", n), |b| {
            b.iter(|| by_select_nth(&values, n / 2, &mut keep))
        });
        if n <= DIMS[0] * DIMS[1] {
            group.bench_function(BenchmarkId::new("sort", n), |b| {
                b.iter(|| by_sort(&values, n / 2, &mut keep))
            });
        }
    }
    group.finish();
}

/// The usual way: find the threshold by quickselect, then compare. Prunes too many where scores tie.
fn by_select_nth(values: &[f32], n_pruned: usize, keep: &mut [bool]) {
    let mut copy = values.to_vec();
    let (_, threshold, _) = copy.select_nth_unstable_by(n_pruned - 1, f32::total_cmp);
    for (slot, value) in keep.iter_mut().zip(values) {
        *slot = *value > *threshold;
    }
}

/// Exact, by a stable sort of the positions.
fn by_sort(values: &[f32], n_pruned: usize, keep: &mut [bool]) {
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_by(|a, b| values[*a as usize].total_cmp(&values[*b as usize]));
    keep.fill(true);
    for index in &order[..n_pruned] {
        keep[*index as usize] = false;
    }
}

fn patterns(c: &mut Criterion) {
    let scores = Scores::new(magnitudes(DIMS[0] * DIMS[1]), DIMS).expect("no NaN");
    let mut group = c.benchmark_group("select");
    group.throughput(Throughput::Elements((DIMS[0] * DIMS[1]) as u64));
    for (name, pattern, scope) in [
        ("per-layer", "50%", Scope::PerLayer),
        ("per-output", "50%", Scope::PerOutput),
        ("2:4", "2:4", Scope::PerOutput),
        ("4:8", "4:8", Scope::PerOutput),
    ] {
        let pattern: Pattern = pattern.parse().expect("a pattern");
        group.bench_function(name, |b| {
            b.iter(|| select(&scores, pattern, scope).expect("groups tile"))
        });
    }
    group.bench_function("per-output by sort", |b| {
        let mut keep = vec![false; DIMS[0] * DIMS[1]];
        b.iter(|| {
            for (keep, values) in keep
                .chunks_exact_mut(DIMS[1])
                .zip(scores.values().chunks_exact(DIMS[1]))
            {
                by_sort(values, DIMS[1] / 2, keep);
            }
        });
    });
    group.finish();
}

fn gram(c: &mut Criterion) {
    let device = secateurs_testkit::device();
    let mut group = c.benchmark_group("gram");
    group.sample_size(20);
    let n_tokens = 2048;
    for d_input in [576, 1536] {
        let data = TensorData::new(magnitudes(n_tokens * d_input), [n_tokens, d_input]);
        let inputs = Tensor::<2>::from_data(data, &device);
        // Multiply-adds of a full product, for both: the ratio is the gain.
        group.throughput(Throughput::Elements((n_tokens * d_input * d_input) as u64));
        group.bench_function(BenchmarkId::new("observe", d_input), |b| {
            let mut gram = GramAccumulator::new(d_input);
            b.iter(|| gram.observe(&inputs).expect("finite"));
        });
        group.bench_function(BenchmarkId::new("one f32 matmul", d_input), |b| {
            b.iter(|| inputs.clone().transpose().matmul(inputs.clone()).into_data());
        });
    }
    group.finish();
}

criterion_group!(benches, keep_largest, patterns, gram);
criterion_main!(benches);
