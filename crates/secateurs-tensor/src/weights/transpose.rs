//! Transposes host matrices block by block.

use rayon::prelude::*;

/// Side of a block: two blocks fit the first-level cache.
const BLOCK: usize = 32;

/// `[outer, inner]` row-major into `[inner, outer]` row-major: from burn's layout of a linear weight to the canonical one
/// of [`WeightMatrix`](crate::WeightMatrix), and back.
///
/// # Panics
///
/// If there are not `outer * inner` values.
pub fn transpose<T: Copy + Default + Send + Sync>(values: &[T], [outer, inner]: [usize; 2]) -> Vec<T> {
    assert_eq!(values.len(), outer * inner, "the values fill the matrix");
    let mut out = vec![T::default(); values.len()];
    if out.is_empty() {
        return out;
    }
    out.par_chunks_mut(BLOCK * outer)
        .enumerate()
        .for_each(|(stripe, rows)| {
            for start in (0..outer).step_by(BLOCK) {
                let stop = (start + BLOCK).min(outer);
                for (row, target) in rows.chunks_exact_mut(outer).enumerate() {
                    let column = stripe * BLOCK + row;
                    for (index, slot) in (start..stop).zip(&mut target[start..stop]) {
                        *slot = values[index * inner + column];
                    }
                }
            }
        });
    out
}
