//! Coordinates in which a batch is drawn.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj,
};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Conj, Mat, Par};

use crate::mixture::Mixture;

/// Ways to draw the gradient on a fresh batch; both have the same law.
///
/// `f` and its teacher see an input `x ~ N(0, I)` only through its products with their `n` vectors. Where `n < d_input`,
/// `x` can be drawn in an orthonormal basis whose first `n` directions span these vectors: the others decide about no loss,
/// and their part of the gradient `C'X`, `C: [batch_size, n]` the coefficients of the gradient, is Gaussian with covariance
/// `C'C` and independent in each direction. Hence it can be drawn directly: `n` numbers for each row, and `n` for each
/// direction, instead of `d_input` for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Draws {
    /// All coordinates of all rows.
    #[default]
    Rows,
    /// Coordinates of rows in the span of all vectors, and the other directions of the gradient for the batch as a whole.
    Span,
}

/// A rotation of the coordinate system, chosen by the vectors of mixtures.
pub(crate) struct Frame {
    /// The vectors `[n_drawn, n]`: their first coordinates; all others are zero.
    pub(crate) coordinates: Mat<f64>,
    rotation: Option<Rotation>,
}

/// A product of reflections.
struct Rotation {
    reflectors: Mat<f64>,
    blocks: Mat<f64>,
}

impl Frame {
    /// The frame of the routers and experts of each mixture in turn.
    pub(crate) fn new(mixtures: &[&Mixture], draws: Draws) -> Self {
        let d_input = mixtures[0].d_input();
        let sets = mixtures.iter().flat_map(|mixture| [&mixture.routers, &mixture.experts]);
        let values: Vec<f64> = sets.flatten().copied().collect();
        let n = values.len() / d_input;
        let vectors = Mat::from_fn(d_input, n, |row, column| values[column * d_input + row]);
        if draws == Draws::Rows || n >= d_input {
            return Self {
                coordinates: vectors,
                rotation: None,
            };
        }
        let rotation = Rotation::triangularising(vectors);
        let triangle = |row: usize, column: usize| {
            if row <= column {
                rotation.reflectors[(row, column)]
            } else {
                0.0
            }
        };
        Self {
            coordinates: Mat::from_fn(n, n, triangle),
            rotation: Some(rotation),
        }
    }

    /// Number of coordinates of a row that are drawn.
    pub(crate) fn n_drawn(&self) -> usize {
        self.coordinates.nrows()
    }

    /// Transforms columns of all coordinates, `[d_input, n]`, back into the space of inputs.
    pub(crate) fn turn_back(&self, columns: &mut Mat<f64>) {
        if let Some(rotation) = &self.rotation {
            rotation.apply(columns);
        }
    }
}

impl Rotation {
    /// The rotation after which the `j`-th vector has only its first `j + 1` coordinates. On this thread, so that
    /// nothing depends on how many there are.
    fn triangularising(mut vectors: Mat<f64>) -> Self {
        let (d_input, n) = vectors.shape();
        let block_size = recommended_block_size::<f64>(d_input, n);
        let mut blocks = Mat::zeros(block_size, n);
        let scratch = qr_in_place_scratch::<f64>(d_input, n, block_size, Par::Seq, Default::default());
        let mut buffer = MemBuffer::new(scratch);
        let stack = MemStack::new(&mut buffer);
        qr_in_place(vectors.as_mut(), blocks.as_mut(), Par::Seq, stack, Default::default());
        Self {
            reflectors: vectors,
            blocks,
        }
    }

    fn apply(&self, columns: &mut Mat<f64>) {
        let (d_input, n) = columns.shape();
        let scratch =
            apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(d_input, self.blocks.nrows(), n);
        let mut buffer = MemBuffer::new(scratch);
        apply_block_householder_sequence_on_the_left_in_place_with_conj(
            self.reflectors.as_ref(),
            self.blocks.as_ref(),
            Conj::No,
            columns.as_mut(),
            Par::Seq,
            MemStack::new(&mut buffer),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_turn_back_into_the_vectors() {
        let (student, teacher) = (Mixture::student(4, 30, 1).unwrap(), Mixture::teacher(2, 30, 2).unwrap());
        // A vector that occurs twice leaves a direction to chance, and nothing else.
        let double = student.selected(&[0, 0, 1, 2], vec![1.0; 4]);
        for student in [student, double] {
            let frame = Frame::new(&[&student, &teacher], Draws::Span);
            assert_eq!(frame.n_drawn(), 12);
            let mut columns = Mat::from_fn(30, 12, |row, column| {
                if row < 12 {
                    frame.coordinates[(row, column)]
                } else {
                    0.0
                }
            });
            frame.turn_back(&mut columns);
            for i in 0..4 {
                for row in 0..30 {
                    assert!((columns[(row, i)] - student.router(i)[row]).abs() < 1e-14);
                    assert!((columns[(row, 4 + i)] - student.expert(i)[row]).abs() < 1e-14);
                }
            }
        }
    }

    #[test]
    fn rows_and_few_dimensions_need_no_rotation() {
        let student = Mixture::student(4, 6, 1).unwrap();
        for draws in [Draws::Rows, Draws::Span] {
            let frame = Frame::new(&[&student], draws);
            assert_eq!(frame.n_drawn(), 6);
            assert!(frame.rotation.is_none());
        }
    }
}
