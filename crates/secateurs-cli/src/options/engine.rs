//! Options of the engine: threads, instruction set, number formats.

use clap::{Args, ValueEnum};
use secateurs::runtime::EngineConfig;
use secateurs::sparse::{Format, Group, GroupPattern, Level, UnknownLevel, ValueType, VectorType};

/// The variable that forces an instruction set.
const LEVEL: &str = "SECATEURS_SIMD";

/// The error of an instruction set that this machine does not have or nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("{LEVEL} is not usable")]
pub(crate) struct UnusableLevel(#[source] UnknownLevel);

/// The flags of the engine.
#[derive(Debug, Args)]
#[command(next_help_heading = "Running")]
pub(crate) struct EngineArgs {
    /// Number of threads [default: one per core]
    ///
    /// The environment variable SECATEURS_SIMD (scalar, avx2, avx512, neon) forces an instruction set.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Number format of the KV cache
    #[arg(long, value_enum, default_value_t)]
    cache: CacheName,
    /// Number format of a GGUF file's quantised weights, once decoded
    #[arg(long, value_enum, default_value_t)]
    dense: ValueName,
}

/// Number format of the keys and values in the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum CacheName {
    /// Half precision, 16 bits
    #[default]
    F16,
    /// Single precision, 32 bits
    F32,
}

/// Number format of weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValueName {
    /// Single precision, 32 bits
    F32,
    /// Half precision, 16 bits
    #[default]
    F16,
    /// bfloat16
    Bf16,
    /// 8-bit integers with a scale for every 128 inputs
    Int8,
    /// 4-bit integers with a scale for every 64 inputs
    Int4,
}

/// Layout of matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// All weights; for matrices with few zeros
    Dense,
    /// One bit per weight, then the non-zero values
    Bitmap,
    /// Bitmap with two values in each group of four; the model must be pruned to 2:4
    #[value(name = "2:4")]
    TwoOfFour,
    /// Bitmap with four values in each group of eight; the model must be pruned to 4:8
    #[value(name = "4:8")]
    FourOfEight,
    /// Non-zero values with 16-bit indices; for matrices with very few values
    Indexed,
}

impl EngineArgs {
    pub(crate) fn config(&self) -> Result<EngineConfig, UnusableLevel> {
        let level = match std::env::var(LEVEL) {
            Ok(name) => name.parse().map_err(UnusableLevel)?,
            Err(_) => Level::best(),
        };
        Ok(EngineConfig {
            n_threads: self.threads.map_or(0, usize::from),
            level,
        })
    }

    pub(crate) fn cache(&self) -> VectorType {
        match self.cache {
            CacheName::F16 => VectorType::F16,
            CacheName::F32 => VectorType::F32,
        }
    }

    pub(crate) fn dense(&self) -> ValueType {
        self.dense.into_type()
    }
}

impl ValueName {
    pub(crate) fn into_type(self) -> ValueType {
        match self {
            Self::F32 => ValueType::F32,
            Self::F16 => ValueType::F16,
            Self::Bf16 => ValueType::Bf16,
            Self::Int8 => ValueType::Int8(Group::USUAL),
            Self::Int4 => ValueType::Int4(Group::new(64).expect("a power of two")),
        }
    }
}

impl FormatName {
    pub(crate) fn into_format(self) -> Format {
        let pattern = |keep, group| Format::Nm(GroupPattern::new(keep, group).expect("a pattern"));
        match self {
            Self::Dense => Format::Dense,
            Self::Bitmap => Format::Bitmap,
            Self::TwoOfFour => pattern(2, 4),
            Self::FourOfEight => pattern(4, 8),
            Self::Indexed => Format::Indexed,
        }
    }
}
