//! Products of packed matrices with one vector, against dense ones and against the bandwidth of memory.
//!
//! The matrices of Llama-2-7B, and a short one of SmolLM2-135M. Every iteration takes the next of enough copies to fill
//! 1 GiB, so that weights come from memory and not from a cache. The speed-up of a format is the time of dense `f16`
//! divided by its own; `read` and `copy` only read and copy as many bytes as dense `f16` has.
//!
//! The groups `many` are products with 16 and with 512 vectors of matrices that the cache holds; the speed-up of a
//! format is the time of `faer f32`, a dense product on the same threads, divided by its own.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use secateurs_sparse::{
    BitmapMatrix, DenseMatrix, Format, Group, GroupPattern, IndexedMatrix, Input, Lanes, Level, ManyProduct, NmMatrix,
    PackedMatrix, SMALL_BATCH, Store, ValueType, Values, multiply_many,
};

const SHAPES: [[usize; 2]; 3] = [[4096, 4096], [4096, 11008], [1536, 576]];

/// Bytes of a working set that exceeds every cache.
const RESIDENT: usize = 1 << 30;

const INT8: ValueType = ValueType::Int8(Group::USUAL);

fn weights(dims: [usize; 2], sparsity: f64) -> Vec<f32> {
    let mut random = StdRng::seed_from_u64(0);
    let mut weight = || {
        let size = random.random_range(0.01..1.0f32);
        if random.random_bool(sparsity) { 0.0 } else { size }
    };
    (0..dims[0] * dims[1]).map(|_| weight()).collect()
}

/// Weights in the pattern 2:4.
fn halves(dims: [usize; 2]) -> Vec<f32> {
    let mut weights = weights(dims, 0.0);
    for (group, values) in weights.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        values[group % 4] = 0.0;
        values[(group + 1 + group / 4 % 3) % 4] = 0.0;
    }
    weights
}

/// A copy in memory of its own.
fn copy(matrix: &PackedMatrix) -> PackedMatrix {
    let bytes = |bytes: &Bytes| Bytes::from(bytes.to_vec());
    let values = |values: &Values| Values::new(values.value_type(), bytes(values.bytes()), bytes(values.scales()));
    match matrix {
        PackedMatrix::Dense(m) => DenseMatrix::from_parts(m.dims(), values(m.values())).map(PackedMatrix::Dense),
        PackedMatrix::Bitmap(m) => {
            BitmapMatrix::from_parts(m.dims(), bytes(m.mask()), bytes(m.offsets()), values(m.values()))
                .map(PackedMatrix::Bitmap)
        }
        PackedMatrix::Nm(m) => {
            NmMatrix::from_parts(m.dims(), m.pattern(), bytes(m.mask()), values(m.values())).map(PackedMatrix::Nm)
        }
        PackedMatrix::Indexed(m) => {
            IndexedMatrix::from_parts(m.dims(), bytes(m.offsets()), bytes(m.indices()), values(m.values()))
                .map(PackedMatrix::Indexed)
        }
    }
    .expect("parts of a matrix")
}

fn products(c: &mut Criterion) {
    let pattern = Format::Nm(GroupPattern::new(2, 4).expect("a pattern"));
    for dims in SHAPES {
        let mut group = c.benchmark_group(format!("{}x{}", dims[0], dims[1]));
        group.sample_size(20);
        read(&mut group, dims);
        copy_bytes(&mut group, dims);
        let weights_of = |sparsity| weights(dims, sparsity);
        let dense = Matrix::new("0", dims, weights_of(0.0));
        for value_type in [ValueType::F16, ValueType::Bf16, ValueType::F32, INT8] {
            product(&mut group, &dense, Format::Dense, value_type);
        }
        product(
            &mut group,
            &Matrix::new("2:4", dims, halves(dims)),
            pattern,
            ValueType::F16,
        );
        for sparsity in [0.3, 0.5, 0.7, 0.8, 0.9, 0.95] {
            let matrix = Matrix::new(sparsity.to_string(), dims, weights_of(sparsity));
            for value_type in [ValueType::F16, ValueType::Bf16, INT8] {
                product(&mut group, &matrix, Format::Bitmap, value_type);
            }
            for value_type in [ValueType::F16, INT8.in_format(Format::Indexed, dims[1])] {
                product(&mut group, &matrix, Format::Indexed, value_type);
            }
        }
        group.finish();
    }
}

type Measured<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// The matrix, which is packed in one format after another.
struct Matrix {
    sparsity: String,
    dims: [usize; 2],
    weights: Vec<f32>,
}

impl Matrix {
    fn new(sparsity: impl Into<String>, dims: [usize; 2], weights: Vec<f32>) -> Self {
        let sparsity = sparsity.into();
        Self {
            sparsity,
            dims,
            weights,
        }
    }
}

fn product(group: &mut Measured<'_>, matrix: &Matrix, format: Format, value_type: ValueType) {
    let Matrix {
        ref sparsity,
        dims,
        ref weights,
    } = *matrix;
    let first = PackedMatrix::pack(weights, dims, format, value_type).expect("packs");
    let copies: Vec<PackedMatrix> = (0..RESIDENT.div_ceil(first.n_bytes())).map(|_| copy(&first)).collect();
    let input = Input::new(&vec![0.5; dims[1]], dims[1]);
    let mut y = vec![0.0; dims[0]];
    let mut next = copies.iter().cycle();
    let pool = ThreadPoolBuilder::new().build().expect("threads can be started");
    group.throughput(Throughput::Bytes(first.n_bytes() as u64));
    let name = format!("{format} {value_type}").replace('/', "-");
    group.bench_function(BenchmarkId::new(name, sparsity), |b| {
        // Within the pool, as the engine runs: waking its threads from outside takes as long as a small product.
        pool.install(|| {
            b.iter(|| {
                let matrix = next.next().expect("a cycle");
                matrix.multiply(Level::best(), &input, &mut y);
            });
        });
    });
}

/// Copies as many bytes as a dense matrix of 16-bit values has.
fn copy_bytes(group: &mut Measured<'_>, dims: [usize; 2]) {
    let per_matrix = 2 * dims[0] * dims[1] / size_of::<u64>();
    let from = vec![1u64; RESIDENT / size_of::<u64>()];
    // Written once, so that its pages are there.
    let mut to = from.clone();
    let mut next = (0..from.len() / per_matrix).cycle();
    group.throughput(Throughput::Bytes(8 * per_matrix as u64));
    group.bench_function("copy", |b| {
        b.iter(|| {
            let start = next.next().expect("a cycle") * per_matrix;
            let part = per_matrix.div_ceil(rayon::current_num_threads());
            let from = from[start..start + per_matrix].par_chunks(part);
            let to = to[start..start + per_matrix].par_chunks_mut(part);
            to.zip(from).for_each(|(to, from)| to.copy_from_slice(from));
        });
    });
}

/// Reads as many bytes as a dense matrix of 16-bit values has.
fn read(group: &mut Measured<'_>, dims: [usize; 2]) {
    let words = vec![1u64; RESIDENT / size_of::<u64>()];
    let per_matrix = 2 * dims[0] * dims[1] / size_of::<u64>();
    let mut next = words.chunks_exact(per_matrix).cycle();
    group.throughput(Throughput::Bytes(8 * per_matrix as u64));
    group.bench_function("read", |b| {
        b.iter(|| {
            let words = next.next().expect("a cycle");
            let parts = words.par_chunks(words.len().div_ceil(rayon::current_num_threads()));
            parts
                .map(|words| words.iter().fold(0, |sum, word| sum ^ word))
                .sum::<u64>()
        });
    });
}

/// Products with as many vectors as a batch and a prompt have.
fn many(c: &mut Criterion) {
    let pool = ThreadPoolBuilder::new().build().expect("threads can be started");
    for n_vectors in [16, 512] {
        for dims in [[1536, 576], [576, 1536]] {
            let mut group = c.benchmark_group(format!("many/{n_vectors}x{}x{}", dims[0], dims[1]));
            group.throughput(Throughput::Elements((n_vectors * dims[0] * dims[1]) as u64));
            let x = vec![0.5; n_vectors * dims[1]];
            dense_product(&mut group, &pool, &x, dims);
            for (format, sparsity, value_type) in [
                (Format::Dense, 0.0, ValueType::F16),
                (Format::Dense, 0.0, INT8),
                (Format::Bitmap, 0.5, ValueType::F16),
                (Format::Bitmap, 0.9, ValueType::F16),
            ] {
                let matrix = PackedMatrix::pack(&weights(dims, sparsity), dims, format, value_type).expect("packs");
                let (input, lanes) = (Input::new(&x, dims[1]), Lanes::from_vectors(&x, dims[1]));
                let mut y = vec![0.0; n_vectors * dims[0]];
                let mut results = Lanes::zeros(n_vectors, dims[0]);
                let name = format!("{format} {value_type}").replace('/', "-");
                group.bench_function(BenchmarkId::new(name, sparsity), |b| {
                    pool.install(|| {
                        b.iter(|| {
                            if n_vectors <= SMALL_BATCH {
                                return matrix.multiply(Level::best(), &input, &mut y);
                            }
                            let product = ManyProduct {
                                matrix: &matrix,
                                y: &mut results,
                                store: Store::Replace,
                            };
                            multiply_many(Level::best(), &lanes, &mut [product]);
                        });
                    });
                });
            }
            group.finish();
        }
    }
}

/// The rival: faer, with as many tasks as threads.
fn dense_product(group: &mut Measured<'_>, pool: &ThreadPool, x: &[f32], dims: [usize; 2]) {
    let weights = weights(dims, 0.0);
    let n_vectors = x.len() / dims[1];
    let mut y = vec![0.0; n_vectors * dims[0]];
    group.bench_function("faer f32", |b| {
        pool.install(|| {
            b.iter(|| {
                let weights = MatRef::from_row_major_slice(&weights, dims[0], dims[1]);
                let x = MatRef::from_row_major_slice(x, n_vectors, dims[1]);
                let y = MatMut::from_row_major_slice_mut(&mut y, n_vectors, dims[0]);
                matmul(y, Accum::Replace, x, weights.transpose(), 1.0, Par::rayon(0));
            });
        });
    });
}

criterion_group!(benches, products, many);
criterion_main!(benches);
