//! Completes a symmetric matrix from its upper triangle.

use core::ops::Range;

use rayon::prelude::*;

/// Side of a block that is mirrored at once.
const MIRROR: usize = 64;

/// Copies the upper triangle of the square block on the diagonal at `block` to the lower one.
///
/// `rows` holds the block's rows, full width. Halves recursively, so that the rows read and the rows written are
/// separate slices.
pub(crate) fn mirror(rows: &mut [f64], block: Range<usize>, d_input: usize) {
    if block.len() <= MIRROR {
        for row in 1..block.len() {
            for column in 0..row {
                rows[row * d_input + block.start + column] = rows[column * d_input + block.start + row];
            }
        }
        return;
    }
    let half = block.len() / 2;
    let middle = block.start + half;
    let (upper, lower) = rows.split_at_mut(half * d_input);
    copy_transposed(upper, lower, block.start, middle, d_input);
    rayon::join(
        || mirror(upper, block.start..middle, d_input),
        || mirror(lower, middle..block.end, d_input),
    );
}

/// Fills the inputs from `left` of the lower rows with the inputs from `middle` of the upper rows, transposed.
fn copy_transposed(upper: &[f64], lower: &mut [f64], left: usize, middle: usize, d_input: usize) {
    let height = upper.len() / d_input;
    lower
        .par_chunks_mut(MIRROR * d_input)
        .enumerate()
        .for_each(|(stripe, rows)| {
            for start in (0..height).step_by(MIRROR) {
                let stop = (start + MIRROR).min(height);
                for (row, target) in rows.chunks_exact_mut(d_input).enumerate() {
                    let column = middle + stripe * MIRROR + row;
                    for (source, slot) in (start..stop).zip(&mut target[left + start..left + stop]) {
                        *slot = upper[source * d_input + column];
                    }
                }
            }
        });
}
