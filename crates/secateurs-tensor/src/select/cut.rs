//! The cut of a selection: the value below which everything is pruned.
//!
//! A sample brackets the value at which the cut must fall. One pass counts what lies below the bracket and collects
//! the few values inside it; quickselect over those gives the value. A bracket that misses, which only its luck
//! decides, is replaced by the whole line, so the result is always exact.

use rayon::prelude::*;

use crate::select::bracket::Bracket;
use crate::select::key::{CHUNK, key, value_of};

/// Values that are counted together; their matches are collected only if there are any.
const BLOCK: usize = 64;

/// A cut: prunes every value below `value`, and the first `n_tied_pruned` of the `n_tied` values equal to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    value: f32,
    n_tied: usize,
    n_tied_pruned: usize,
}

impl Cut {
    /// The cut below which exactly `n_pruned > 0` of all values in `parts` lie; `None` if there is a NaN.
    pub(crate) fn find(parts: &[&[f32]], n_pruned: usize) -> Option<Self> {
        let mut found = Count::of(parts, Bracket::sampled(parts, n_pruned));
        if found.has_nan {
            return None;
        }
        found
            .cut(n_pruned)
            .or_else(|| Count::of(parts, Bracket::EVERYTHING).cut(n_pruned))
    }

    /// The cut among `keys`, which it reorders.
    pub(crate) fn of_keys(keys: &mut [i32], n_pruned: usize) -> Self {
        let (lower, cut, upper) = keys.select_nth_unstable(n_pruned - 1);
        let cut = *cut;
        let tied = |keys: &[i32]| keys.iter().filter(|key| **key == cut).count();
        let n_tied_pruned = tied(lower) + 1;
        Self {
            value: value_of(cut),
            n_tied: n_tied_pruned + tied(upper),
            n_tied_pruned,
        }
    }

    /// Writes the mask of the kept values, one buffer per part.
    pub(crate) fn apply(self, parts: &[&[f32]], keep: &mut [&mut [bool]]) {
        for (values, keep) in parts.iter().zip(keep.iter_mut()) {
            keep.par_chunks_mut(CHUNK)
                .zip(values.par_chunks(CHUNK))
                .for_each(|(keep, values)| self.mark(values, keep));
        }
        let slots = parts
            .iter()
            .zip(keep.iter_mut())
            .flat_map(|(values, keep)| values.iter().zip(keep.iter_mut()));
        self.prune_first_ties(slots);
    }

    /// Applies the cut to one part, on this thread.
    pub(crate) fn apply_to_few(self, values: &[f32], keep: &mut [bool]) {
        self.mark(values, keep);
        self.prune_first_ties(values.iter().zip(keep));
    }

    fn keeps_ties(self) -> bool {
        self.n_tied_pruned < self.n_tied
    }

    /// Marks every value above the cut as kept, and every tie if any tie is kept.
    fn mark(self, values: &[f32], keep: &mut [bool]) {
        if self.keeps_ties() {
            keep.iter_mut()
                .zip(values)
                .for_each(|(slot, value)| *slot = *value >= self.value);
        } else {
            keep.iter_mut()
                .zip(values)
                .for_each(|(slot, value)| *slot = *value > self.value);
        }
    }

    /// Drops the ties of the lowest positions.
    fn prune_first_ties<'a>(self, slots: impl Iterator<Item = (&'a f32, &'a mut bool)>) {
        if self.keeps_ties() {
            let ties = slots.filter(|(value, _)| **value == self.value);
            ties.take(self.n_tied_pruned).for_each(|(_, slot)| *slot = false);
        }
    }
}

/// Counts of values below, inside and above a bracket.
#[derive(Debug)]
struct Count {
    bracket: Bracket,
    n_below: usize,
    n_at_low: usize,
    n_at_high: usize,
    has_nan: bool,
    /// Keys of the values strictly inside.
    inside: Vec<i32>,
}

impl Count {
    fn of(parts: &[&[f32]], bracket: Bracket) -> Self {
        let chunks: Vec<&[f32]> = parts.iter().flat_map(|part| part.chunks(CHUNK)).collect();
        let counts: Vec<Self> = chunks.par_iter().map(|chunk| Self::of_chunk(chunk, bracket)).collect();
        let mut total = Self::empty(bracket);
        total
            .inside
            .reserve(counts.iter().map(|count| count.inside.len()).sum());
        for count in counts {
            total.n_below += count.n_below;
            total.n_at_low += count.n_at_low;
            total.n_at_high += count.n_at_high;
            total.has_nan |= count.has_nan;
            total.inside.extend(count.inside);
        }
        total
    }

    fn empty(bracket: Bracket) -> Self {
        Self {
            bracket,
            n_below: 0,
            n_at_low: 0,
            n_at_high: 0,
            has_nan: false,
            inside: Vec::new(),
        }
    }

    fn of_chunk(chunk: &[f32], bracket: Bracket) -> Self {
        let mut count = Self::empty(bracket);
        let (blocks, rest) = chunk.as_chunks::<BLOCK>();
        for block in blocks {
            count.add(block, BLOCK);
        }
        // NaN enters no counter, so it pads.
        let mut block = [f32::NAN; BLOCK];
        block[..rest.len()].copy_from_slice(rest);
        count.add(&block, rest.len());
        count
    }

    /// Adds a block of `len` values. Every value enters every counter, so that the loop vectorises.
    #[inline]
    fn add(&mut self, block: &[f32; BLOCK], len: usize) {
        let Bracket { low, high } = self.bracket;
        let [mut below, mut up_to_low, mut below_high, mut up_to_high, mut numbers] = [0u32; 5];
        for value in block {
            below += u32::from(*value < low);
            up_to_low += u32::from(*value <= low);
            below_high += u32::from(*value < high);
            up_to_high += u32::from(*value <= high);
            numbers += u32::from(!value.is_nan());
        }
        self.n_below += below as usize;
        self.n_at_low += (up_to_low - below) as usize;
        self.n_at_high += (up_to_high - below_high) as usize;
        self.has_nan |= (numbers as usize) < len;
        if below_high > up_to_low {
            self.collect(block);
        }
    }

    /// Collects the block's values inside the bracket.
    #[inline]
    fn collect(&mut self, block: &[f32; BLOCK]) {
        let Bracket { low, high } = self.bracket;
        let inside = block.map(|value| u8::from((value > low) & (value < high)));
        for (values, inside) in block.as_chunks::<8>().0.iter().zip(inside.as_chunks::<8>().0) {
            let mut found = u64::from_le_bytes(*inside);
            while found != 0 {
                self.inside.push(key(values[found.trailing_zeros() as usize / 8]));
                found &= found - 1;
            }
        }
    }

    /// The cut, if it falls into the bracket.
    fn cut(&mut self, n_pruned: usize) -> Option<Cut> {
        let Bracket { low, high } = self.bracket;
        let n_inside = self.inside.len();
        let rank = n_pruned.checked_sub(self.n_below).filter(|rank| *rank > 0)?;
        if rank <= self.n_at_low {
            return Some(Cut {
                value: low,
                n_tied: self.n_at_low,
                n_tied_pruned: rank,
            });
        }
        let rank = rank - self.n_at_low;
        if rank <= n_inside {
            return Some(Cut::of_keys(&mut self.inside, rank));
        }
        let rank = rank - n_inside;
        (low < high && rank <= self.n_at_high).then_some(Cut {
            value: high,
            n_tied: self.n_at_high,
            n_tied_pruned: rank,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::bracket::{MAX_SAMPLE, MIN_SAMPLE, SAMPLE_SPACING, scatter};

    /// A sample that misses the true cut: every sampled value is 2, all others lie in [0, 1).
    #[test]
    fn a_bracket_that_misses_is_replaced() {
        let n = 50_000;
        let mut values: Vec<f32> = (0..n).map(|index| index as f32 / n as f32).collect();
        let steps = (n / SAMPLE_SPACING).clamp(MIN_SAMPLE, MAX_SAMPLE) as u64;
        for position in (0..steps).map(|step| scatter(step + 1, n)) {
            values[position] = 2.0;
        }
        let bracket = Bracket::sampled(&[&values], n / 2);
        assert_eq!((bracket.low, bracket.high), (2.0, 2.0));

        let cut = Cut::find(&[&values], n / 2).expect("no NaN");
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        assert_eq!(cut.value, sorted[n / 2 - 1]);
        let below = values.iter().filter(|value| **value < cut.value).count();
        assert_eq!(below + cut.n_tied_pruned, n / 2);
    }

    #[test]
    fn sampled_positions_spread() {
        let mut hits = [0; 10];
        for step in 1..=10_000 {
            hits[scatter(step, 10)] += 1;
        }
        // Ten cells of 1000 expected hits, standard deviation 30.
        assert!(hits.iter().all(|hits| (850..1150).contains(hits)), "{hits:?}");
    }
}
