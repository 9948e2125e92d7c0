//! Chooses the fastest format by sparsity.

use std::fmt;

use crate::formats::format::Format;
use crate::formats::format::GroupPattern;
use crate::formats::indexed::MAX_INPUTS;
use crate::numbers::value_type::ValueType;

/// A format for a matrix, with the reason for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The format.
    pub format: Format,
    /// The storage type in that format: see [`ValueType::in_format`].
    pub value_type: ValueType,
    /// The reason for the format.
    pub reason: Reason,
}

/// The reason for a format.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// Too few zeros: a packed product would be slower.
    TooDense {
        /// Fraction of zeros.
        sparsity: f64,
        /// Sparsity at which packing begins to pay.
        crossover: f64,
    },
    /// Groups that never exceed the pattern and nearly fill it: offsets are saved.
    Pattern {
        /// The pattern.
        pattern: GroupPattern,
    },
    /// Enough zeros: a bit for every weight and the non-zero values are fastest.
    Sparse {
        /// Fraction of zeros.
        sparsity: f64,
    },
    /// Enough zeros to make indices faster than bits.
    VerySparse {
        /// Fraction of zeros.
        sparsity: f64,
        /// Sparsity at which indices become faster.
        crossover: f64,
    },
    /// The formats were timed on this machine.
    Measured {
        /// The time of the dense format divided by the time of the chosen one.
        speedup: f64,
    },
}

/// Sparsities at which a format becomes faster than the one before it, for a product with one vector and weights in
/// memory, measured by the benchmark `sparse` on two threads of one AVX2 processor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crossover {
    /// Sparsity at which bitmaps beat dense values.
    pub bitmap: f64,
    /// Sparsity at which indices beat both.
    pub indexed: f64,
}

impl Crossover {
    /// The measured crossovers for these values.
    pub fn of(value_type: ValueType) -> Self {
        match value_type {
            // Not measured: twice the bytes of the halves.
            ValueType::F32 => Self {
                bitmap: 0.15,
                indexed: 0.75,
            },
            ValueType::F16 | ValueType::Bf16 => Self {
                bitmap: 0.3,
                indexed: 0.75,
            },
            // Spreading integers takes longer than reading the zeros between them.
            ValueType::Int8(_) => Self {
                bitmap: 1.0,
                indexed: 0.8,
            },
            ValueType::Int4(_) => Self {
                bitmap: 1.0,
                indexed: 1.0,
            },
        }
    }
}

/// The fastest format for `weights [d_output, d_input]` after they are stored as `value_type`.
///
/// # Examples
///
/// ```
/// use secateurs_sparse::{Format, ValueType, choose};
///
/// let half: Vec<f32> = (0..64).map(|index| (index % 3 % 2) as f32).collect();
/// assert_eq!(choose(&half, [2, 32], ValueType::F16).format, Format::Bitmap);
/// assert_eq!(choose(&[1.0; 64], [2, 32], ValueType::F16).format, Format::Dense);
/// ```
pub fn choose(weights: &[f32], dims: [usize; 2], value_type: ValueType) -> Choice {
    let (format, reason) = estimate(weights, dims, value_type);
    Choice {
        format,
        value_type: value_type.in_format(format, dims[1]),
        reason,
    }
}

/// The formats that could be the fastest, dense first.
pub(crate) fn candidates(weights: &[f32], [_, d_input]: [usize; 2], value_type: ValueType) -> Vec<Format> {
    let sparsity = sparsity(weights, value_type);
    let pattern = pattern_of(weights, d_input, value_type, sparsity);
    let mut formats = vec![Format::Dense, pattern.map_or(Format::Bitmap, Format::Nm)];
    if has_indices(d_input, value_type) {
        formats.push(Format::Indexed);
    }
    formats
}

fn sparsity(weights: &[f32], value_type: ValueType) -> f64 {
    let absent = weights.iter().filter(|weight| value_type.is_absent(**weight)).count();
    absent as f64 / weights.len().max(1) as f64
}

/// Whether the indexed format can hold such values.
fn has_indices(d_input: usize, value_type: ValueType) -> bool {
    d_input <= MAX_INPUTS && value_type.bits() >= 8
}

fn estimate(weights: &[f32], [_, d_input]: [usize; 2], value_type: ValueType) -> (Format, Reason) {
    let sparsity = sparsity(weights, value_type);
    let Crossover { bitmap, indexed } = Crossover::of(value_type);
    if sparsity >= indexed && has_indices(d_input, value_type) {
        let crossover = indexed;
        return (Format::Indexed, Reason::VerySparse { sparsity, crossover });
    }
    if sparsity < bitmap {
        let crossover = bitmap;
        return (Format::Dense, Reason::TooDense { sparsity, crossover });
    }
    let pattern = pattern_of(weights, d_input, value_type, sparsity);
    match pattern {
        Some(pattern) => (Format::Nm(pattern), Reason::Pattern { pattern }),
        None => (Format::Bitmap, Reason::Sparse { sparsity }),
    }
}

/// A pattern whose groups the weights nearly fill: its stored zeros take no more room than the offsets that it saves.
fn pattern_of(weights: &[f32], d_input: usize, value_type: ValueType, sparsity: f64) -> Option<GroupPattern> {
    let patterns = [(2, 4), (4, 8), (1, 4)].map(|(keep, group)| GroupPattern::new(keep, group));
    let fits = |pattern: &GroupPattern| {
        let kept = pattern.keep() as f64 / pattern.group() as f64;
        d_input.is_multiple_of(pattern.group())
            && kept - (1.0 - sparsity) < 1e-3
            && weights
                .chunks_exact(pattern.group())
                .all(|group| group.iter().filter(|weight| !value_type.is_absent(**weight)).count() <= pattern.keep())
    };
    patterns.into_iter().flatten().find(fits)
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: &f64| format!("{:.1} %", 100.0 * share);
        match self {
            Self::TooDense { sparsity, crossover } => {
                write!(
                    f,
                    "{} zeros, packing pays from {}",
                    percent(sparsity),
                    percent(crossover)
                )
            }
            Self::Pattern { pattern } => write!(f, "{} throughout", Format::Nm(*pattern)),
            Self::Sparse { sparsity } => write!(f, "{} zeros", percent(sparsity)),
            Self::Measured { speedup } => write!(f, "measured {speedup:.2} times as fast as dense"),
            Self::VerySparse { sparsity, crossover } => {
                write!(
                    f,
                    "{} zeros, indices pay from {}",
                    percent(sparsity),
                    percent(crossover)
                )
            }
        }
    }
}
