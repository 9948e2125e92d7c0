//! The parts that both formats with masks share.

use std::ops::Range;

use crate::kernels::masked::{SLACK, Span, Starts};
use crate::numbers::values::Values;

/// The parts that both formats with masks share.
pub(crate) struct MaskedParts<'a> {
    pub(crate) d_input: usize,
    /// Masks, `[d_output, d_input.div_ceil(8)]`.
    pub(crate) mask: &'a [u8],
    pub(crate) starts: Starts<'a>,
    pub(crate) values: &'a Values,
    pub(crate) tail: &'a Tail,
}

impl<'a> MaskedParts<'a> {
    /// The outputs that are read in place, and the outputs that are read from the tail.
    pub(crate) fn spans(&self) -> [Span<'a>; 2] {
        let Tail { first, values } = self.tail;
        [
            Span {
                mask: self.mask,
                values: self.values.bytes(),
                first: 0,
            },
            Span {
                mask: &self.mask[first * self.d_input.div_ceil(8)..],
                values,
                first: *first,
            },
        ]
    }

    /// The outputs that each span reads.
    pub(crate) fn split(&self, outputs: Range<usize>) -> [Range<usize>; 2] {
        let at = self.tail.first.clamp(outputs.start, outputs.end);
        [outputs.start..at, at..outputs.end]
    }
}

/// A copy of the last outputs' values, with room to read past their end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tail {
    /// Number of outputs that can be read in place.
    first: usize,
    values: Vec<u8>,
}

impl Tail {
    /// Copies the tail; `start(output)` is the first byte of an output's values.
    pub(crate) fn new(d_output: usize, values: &[u8], start: impl Fn(usize) -> usize) -> Self {
        let first = first_near_end(d_output, values.len(), SLACK, &start);
        let from = if first < d_output { start(first) } else { values.len() };
        let mut copy = values[from..].to_vec();
        copy.resize(copy.len() + SLACK, 0);
        Self { first, values: copy }
    }
}

/// Number of outputs that all end at least `slack` before the `end` of the values.
pub(crate) fn first_near_end(d_output: usize, end: usize, slack: usize, start: impl Fn(usize) -> usize) -> usize {
    // Outputs before `first` end where the next one starts.
    let mut first = d_output;
    while first > 0 && start(first - 1) + slack > end {
        first -= 1;
    }
    // The output before may still reach into the slack.
    first.saturating_sub(1)
}
