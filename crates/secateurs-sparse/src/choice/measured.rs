//! Chooses the fastest format by timing them on this machine.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;

use crate::choice::choose::{Choice, Reason, candidates};
use crate::error::SparseError;
use crate::formats::format::Format;
use crate::formats::matrix::PackedMatrix;
use crate::kernels::Level;
use crate::numbers::value_type::ValueType;
use crate::products::input::Input;

/// Bytes of copies that take turns, so that weights come from memory: more than the caches of most processors hold.
const RESIDENT: usize = 256 << 20;

/// Largest ratio to the fastest time at which a smaller matrix is chosen: such a difference is noise.
const TOLERANCE: f64 = 1.05;

/// Number of passes over all copies; the fastest counts.
const PASSES: usize = 3;

/// The format with the fastest product with one vector, on the threads of the current rayon pool; among formats within
/// a twentieth of it, the smallest.
///
/// Takes about a second and 256 MiB of memory. Unlike [`choose`](crate::choose), the result depends on the machine and on
/// what else it does.
///
/// # Errors
///
/// As for [`PackedMatrix::pack`].
pub fn choose_measured(
    weights: &[f32],
    dims: [usize; 2],
    value_type: ValueType,
    level: Level,
) -> Result<Choice, SparseError> {
    let mut measured = Vec::new();
    for format in candidates(weights, dims, value_type) {
        let value_type = value_type.in_format(format, dims[1]);
        let matrix = PackedMatrix::pack(weights, dims, format, value_type)?;
        measured.push(Candidate {
            format,
            value_type,
            n_bytes: matrix.n_bytes(),
            seconds: seconds(&matrix, level)?,
        });
    }
    // Dense is the first candidate.
    let of_dense = measured[0].seconds;
    let fastest = measured
        .iter()
        .map(|candidate| candidate.seconds)
        .fold(f64::INFINITY, f64::min);
    let chosen = measured
        .into_iter()
        .filter(|candidate| candidate.seconds <= TOLERANCE * fastest)
        .min_by_key(|candidate| candidate.n_bytes)
        .expect("the fastest is one");
    Ok(Choice {
        format: chosen.format,
        value_type: chosen.value_type,
        reason: Reason::Measured {
            speedup: of_dense / chosen.seconds,
        },
    })
}

/// A format that was timed.
struct Candidate {
    format: Format,
    value_type: ValueType,
    n_bytes: usize,
    seconds: f64,
}

/// Seconds of a product with one vector.
fn seconds(matrix: &PackedMatrix, level: Level) -> Result<f64, SparseError> {
    let [d_output, d_input] = matrix.dims();
    let n_copies = RESIDENT.div_ceil(matrix.n_bytes().max(1 << 12));
    let copies: Result<Vec<_>, _> = (0..n_copies).map(|_| copy(matrix)).collect();
    let copies = copies?;
    let input = Input::new(&vec![1.0; d_input], d_input);
    let mut y = vec![0.0; d_output];
    let mut pass = || {
        let started = Instant::now();
        for matrix in &copies {
            matrix.multiply(level, &input, &mut y);
            black_box(&mut y);
        }
        started.elapsed().as_secs_f64()
    };
    // Within the pool: waking its threads from outside takes as long as a small product.
    let fastest = rayon::scope(|_| (0..PASSES).map(|_| pass()).fold(f64::INFINITY, f64::min));
    Ok(fastest / n_copies as f64)
}

/// A copy in memory of its own.
fn copy(matrix: &PackedMatrix) -> Result<PackedMatrix, SparseError> {
    PackedMatrix::from_tensors(|suffix| {
        let tensors = matrix.to_tensors().into_iter();
        let mut found = tensors.filter(|(name, _)| *name == suffix).map(|(_, tensor)| tensor);
        found.next().map(|mut tensor| {
            tensor.bytes = Bytes::from(tensor.bytes.to_vec());
            tensor
        })
    })
}
