//! Vectors in 8 bits with a scale per block: dynamic exponents, linear fractions.

use std::sync::LazyLock;

use super::slice::{StateSlice, StateSliceMut};

/// Elements that share a scale.
pub(crate) const BLOCK: usize = 256;
/// Decades of the codes; the smallest magnitude is about `10^-7` of the largest in its block.
const DECADES: usize = 7;
/// Cells of the look-up table: the upper 16 bits of an f32 from 2^-24 to 1.
const FIRST_CELL: usize = (127 - 24) << 7;
const LAST_CELL: usize = 127 << 7;

/// Magnitudes in ascending order, from 0 to 1, and a table that finds the nearest.
#[derive(Debug)]
pub(crate) struct CodeBook {
    magnitudes: Vec<f32>,
    /// Midpoints between neighbours.
    midpoints: Vec<f32>,
    /// Code of the smallest value of each cell.
    cells: Vec<u8>,
}

/// Magnitudes of signed values; the upper bit of a code is the sign.
pub(crate) static SIGNED: LazyLock<CodeBook> = LazyLock::new(|| CodeBook::new(1));
/// Magnitudes of values that are not negative.
pub(crate) static UNSIGNED: LazyLock<CodeBook> = LazyLock::new(|| CodeBook::new(2));

impl CodeBook {
    /// Builds a table with `first` fractions in the lowest decade and twice as many in every following one.
    fn new(first: usize) -> Self {
        let mut magnitudes = vec![0.0f32];
        for decade in 0..DECADES {
            let n = first << decade;
            let unit = 10f64.powi(decade as i32 + 1 - DECADES as i32);
            let fraction = |i: usize| 0.1 + 0.9 * (i as f64 + 0.5) / n as f64;
            magnitudes.extend((0..n).map(|i| (unit * fraction(i)) as f32));
        }
        // The largest of a block is exact; a signed book gives up its smallest magnitude for that.
        magnitudes.push(1.0);
        if magnitudes.len() > first * 128 {
            magnitudes.remove(1);
        }
        let midpoints: Vec<f32> = magnitudes.windows(2).map(|pair| 0.5 * (pair[0] + pair[1])).collect();
        let cells = (FIRST_CELL..=LAST_CELL)
            .map(|cell| {
                let smallest = f32::from_bits((cell as u32) << 16);
                midpoints.partition_point(|midpoint| *midpoint < smallest) as u8
            })
            .collect();
        Self {
            magnitudes,
            midpoints,
            cells,
        }
    }

    /// The code of the magnitude nearest to `value`, which lies in `[0, 1]`.
    #[inline]
    fn nearest(&self, value: f32) -> u8 {
        let cell = ((value.to_bits() >> 16) as usize).clamp(FIRST_CELL, LAST_CELL);
        let code = self.cells[cell - FIRST_CELL];
        // A cell is narrower than the distance of two midpoints.
        match self.midpoints.get(usize::from(code)) {
            Some(midpoint) if value > *midpoint => code + 1,
            _ => code,
        }
    }
}

/// A vector of 8-bit codes, with a scale for every [`BLOCK`] of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantised {
    pub(crate) codes: Vec<u8>,
    pub(crate) scales: Vec<f32>,
}

impl Quantised {
    pub(crate) fn zeros(len: usize) -> Self {
        Self {
            codes: vec![0; len],
            scales: vec![0.0; len.div_ceil(BLOCK)],
        }
    }

    /// Codes and scales of `size` elements each, a multiple of [`BLOCK`].
    pub(crate) fn parts(&mut self, size: usize) -> impl Iterator<Item = (&mut [u8], &mut [f32])> {
        self.codes.chunks_mut(size).zip(self.scales.chunks_mut(size / BLOCK))
    }

    pub(crate) fn n_bytes(&self) -> usize {
        self.codes.len() + size_of_val(&self.scales[..])
    }

    pub(crate) fn visit(&self, name: &str, visit: &mut dyn FnMut(&str, StateSlice<'_>)) {
        visit(name, StateSlice::U8(&self.codes));
        visit(&format!("{name}.scale"), StateSlice::F32(&self.scales));
    }

    pub(crate) fn visit_mut(&mut self, name: &str, visit: &mut dyn FnMut(&str, StateSliceMut<'_>)) {
        visit(name, StateSliceMut::U8(&mut self.codes));
        visit(&format!("{name}.scale"), StateSliceMut::F32(&mut self.scales));
    }
}

/// Reads one block of signed values.
pub(crate) fn load_signed(codes: &[u8], scale: f32, out: &mut [f32]) {
    let magnitudes = &SIGNED.magnitudes;
    for (out, code) in out.iter_mut().zip(codes) {
        let magnitude = magnitudes[usize::from(code & 0x7f)] * scale;
        *out = if code & 0x80 == 0 { magnitude } else { -magnitude };
    }
}

/// Writes one block of signed values and returns its scale.
pub(crate) fn store_signed(values: &[f32], codes: &mut [u8]) -> f32 {
    let scale = values.iter().fold(0.0f32, |max, value| max.max(value.abs()));
    let factor = reciprocal(scale);
    for (code, value) in codes.iter_mut().zip(values) {
        let magnitude = SIGNED.nearest((value.abs() * factor).min(1.0));
        *code = if *value < 0.0 && magnitude > 0 {
            magnitude | 0x80
        } else {
            magnitude
        };
    }
    scale
}

/// Reads one block of values that are not negative.
pub(crate) fn load_unsigned(codes: &[u8], scale: f32, out: &mut [f32]) {
    let magnitudes = &UNSIGNED.magnitudes;
    for (out, code) in out.iter_mut().zip(codes) {
        *out = magnitudes[usize::from(*code)] * scale;
    }
}

/// Writes one block of values that are not negative and returns its scale; only 0 becomes 0.
///
/// A second moment that became 0 would let the next step of its weight explode.
pub(crate) fn store_unsigned(values: &[f32], codes: &mut [u8]) -> f32 {
    let scale = values.iter().fold(0.0f32, |max, value| max.max(*value));
    let factor = reciprocal(scale);
    for (code, value) in codes.iter_mut().zip(values) {
        let nearest = UNSIGNED.nearest((value * factor).min(1.0));
        *code = nearest.max(u8::from(*value > 0.0));
    }
    scale
}

/// `1 / scale`, and 0 where everything is 0 or so small that the quotient would overflow.
fn reciprocal(scale: f32) -> f32 {
    if scale > f32::MIN_POSITIVE { 1.0 / scale } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_hold_256_codes_and_find_the_nearest() {
        assert_eq!((SIGNED.magnitudes.len(), UNSIGNED.magnitudes.len()), (128, 256));
        for book in [&SIGNED, &UNSIGNED] {
            assert!(book.magnitudes.windows(2).all(|pair| pair[0] < pair[1]));
            assert_eq!((book.magnitudes[0], book.magnitudes.last()), (0.0, Some(&1.0)));
            for step in 0..200_000 {
                let value = 10f32.powf(-8.0 * step as f32 / 200_000.0);
                let got = book.magnitudes[usize::from(book.nearest(value))];
                let distance = |magnitude: &f32| (magnitude - value).abs();
                let least = book.magnitudes.iter().map(distance).fold(f32::INFINITY, f32::min);
                assert!(distance(&got) <= least, "{value} became {got}");
            }
        }
    }

    #[test]
    fn a_block_comes_back_within_its_resolution() {
        let values: Vec<f32> = (0..256)
            .map(|i| (i as f32 * 0.7).sin() * 10f32.powi(-(i % 5)))
            .collect();
        let (mut codes, mut back) = ([0; 256], [0.0; 256]);
        let scale = store_signed(&values, &mut codes);
        load_signed(&codes, scale, &mut back);
        let largest = values.iter().fold(0.0f32, |max, v| max.max(v.abs()));
        assert!(back.iter().any(|value| value.abs() == largest));
        for (got, wanted) in back.iter().zip(&values) {
            // The lowest decade that occurs has four fractions of 0.225 each.
            let resolution = 0.5 * wanted.abs().max(1e-5 * largest);
            assert!((got - wanted).abs() <= resolution, "{wanted} became {got}");
            assert!(*got == 0.0 || got.signum() == wanted.signum());
        }
        let top = back.iter().zip(&values).filter(|(_, wanted)| wanted.abs() > 0.5);
        assert!(top.into_iter().all(|(got, wanted)| (got / wanted - 1.0).abs() < 0.015));
    }

    #[test]
    fn only_zero_becomes_zero_in_a_second_moment() {
        let values = [1.0, 1e-9, 0.0, 1e-30];
        let (mut codes, mut back) = ([0; 4], [0.0; 4]);
        let scale = store_unsigned(&values, &mut codes);
        load_unsigned(&codes, scale, &mut back);
        assert_eq!(back.map(|value| value == 0.0), [false, false, true, false]);
        assert_eq!(store_unsigned(&[0.0; 4], &mut codes), 0.0);
        assert_eq!(codes, [0; 4]);
    }
}
