//! Ranges of numbers.

use clap::builder::RangedU64ValueParser;

/// Reads a count of at least `least`.
pub(crate) fn at_least(least: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=u64::from(u32::MAX))
}
