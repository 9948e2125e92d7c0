//! Tiles of whole vectors, filled up with zeros where a line ends inside one.
#![allow(clippy::needless_range_loop)] // arrays of one length are indexed together

use pulp::Simd;

use crate::kernels::real::Real;

/// `V` vectors of a line.
pub(super) type Tile<S, T, const V: usize> = [<T as Real>::Vector<S>; V];

/// Largest number of numbers in a tile: 8 vectors of 16.
const MAX_WIDTH: usize = 128;

/// Numbers of a tile.
#[inline(always)]
pub(super) fn width<S: Simd, T: Real, const V: usize>() -> usize {
    V * size_of::<T::Vector<S>>() / size_of::<T>()
}

#[inline(always)]
pub(super) fn zeros<S: Simd, T: Real, const V: usize>(simd: S) -> Tile<S, T, V> {
    [T::splat(simd, T::ZERO); V]
}

/// A tile from a line that may be shorter.
#[inline(always)]
pub(super) fn load<S: Simd, T: Real, const V: usize>(line: &[T]) -> Tile<S, T, V> {
    if line.len() == width::<S, T, V>() {
        return tiles::<S, T, V>(line)[0];
    }
    let mut padded = [T::ZERO; MAX_WIDTH];
    padded[..line.len()].copy_from_slice(line);
    tiles::<S, T, V>(&padded[..width::<S, T, V>()])[0]
}

/// Writes a tile into a line, as many numbers as the line holds.
#[inline(always)]
pub(super) fn store<S: Simd, T: Real, const V: usize>(tile: Tile<S, T, V>, line: &mut [T]) {
    if line.len() == width::<S, T, V>() {
        tiles_mut::<S, T, V>(line)[0] = tile;
    } else {
        let mut padded = [T::ZERO; MAX_WIDTH];
        tiles_mut::<S, T, V>(&mut padded[..width::<S, T, V>()])[0] = tile;
        line.copy_from_slice(&padded[..line.len()]);
    }
}

/// A slice of whole tiles.
#[inline(always)]
pub(super) fn tiles<S: Simd, T: Real, const V: usize>(slice: &[T]) -> &[Tile<S, T, V>] {
    T::vectors::<S>(slice).0.as_chunks().0
}

#[inline(always)]
pub(super) fn tiles_mut<S: Simd, T: Real, const V: usize>(slice: &mut [T]) -> &mut [Tile<S, T, V>] {
    T::vectors_mut::<S>(slice).0.as_chunks_mut().0
}

/// Computes `sum + factor * tile`.
#[inline(always)]
pub(super) fn add<S: Simd, T: Real, const V: usize>(simd: S, factor: T, tile: &Tile<S, T, V>, sum: &mut Tile<S, T, V>) {
    let factor = T::splat(simd, factor);
    for v in 0..V {
        sum[v] = T::mul_add(simd, factor, tile[v], sum[v]);
    }
}

/// Numbers that begin with a cache line, so that no vector crosses two.
pub(super) struct Aligned<T> {
    data: Vec<T>,
    begin: usize,
}

impl<T: Real> Aligned<T> {
    pub(super) fn zeros(n: usize) -> Self {
        const LINE: usize = 64;
        let data = vec![T::ZERO; n + LINE / size_of::<T>()];
        let begin = data.as_ptr().align_offset(LINE).min(LINE / size_of::<T>());
        Self { data, begin }
    }

    pub(super) fn get(&self) -> &[T] {
        &self.data[self.begin..]
    }

    pub(super) fn get_mut(&mut self) -> &mut [T] {
        &mut self.data[self.begin..]
    }

    /// The first `n` numbers.
    pub(super) fn into_vec(mut self, n: usize) -> Vec<T> {
        self.data.drain(..self.begin);
        self.data.truncate(n);
        self.data
    }
}
