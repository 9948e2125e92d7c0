//! Conjugate gradients for the weights of a fixed support.

use rayon::prelude::*;

use crate::algebra::product::{dot, times_square};

/// The problem `min ||B - B0||_G` over the weights that `keep` marks, solved for every output separately.
pub(crate) struct SupportProblem<'a> {
    /// `G`, row-major.
    pub(crate) gram: &'a [f32],
    /// `R = B0 G`.
    pub(crate) target: &'a [f32],
    /// The support.
    pub(crate) keep: &'a [bool],
    /// Number of inputs.
    pub(crate) d_input: usize,
}

impl SupportProblem<'_> {
    /// Takes `n_steps` steps from `solution`, which is zero off the support.
    pub(crate) fn refine(&self, solution: &mut [f32], n_steps: usize) {
        let mut residual = times_square(solution, self.gram, self.d_input);
        residual
            .par_iter_mut()
            .zip(self.target)
            .zip(self.keep)
            .for_each(|((residual, target), keep)| {
                *residual = if *keep { target - *residual } else { 0.0 };
            });
        let mut direction = residual.clone();
        for _ in 0..n_steps {
            let image = times_square(&direction, self.gram, self.d_input);
            self.step(solution, &mut residual, &mut direction, &image);
        }
    }

    fn step(&self, solution: &mut [f32], residual: &mut [f32], direction: &mut [f32], image: &[f32]) {
        let d_input = self.d_input;
        let vectors = solution
            .par_chunks_exact_mut(d_input)
            .zip(residual.par_chunks_exact_mut(d_input));
        let vectors = vectors
            .zip(direction.par_chunks_exact_mut(d_input))
            .zip(image.par_chunks_exact(d_input));
        vectors.zip(self.keep.par_chunks_exact(d_input)).for_each(
            |((((solution, residual), direction), image), keep)| {
                let before = dot(residual, residual);
                let length = before / nonzero(dot(direction, image));
                solution
                    .iter_mut()
                    .zip(&*direction)
                    .for_each(|(value, step)| *value += length * step);
                for ((residual, image), keep) in residual.iter_mut().zip(image).zip(keep) {
                    *residual = if *keep { *residual - length * image } else { 0.0 };
                }
                let turn = dot(residual, residual) / nonzero(before);
                direction
                    .iter_mut()
                    .zip(&*residual)
                    .for_each(|(step, residual)| *step = residual + turn * *step);
            },
        );
    }
}

/// Replaces zero by 1e-8, so that a solved output does not divide by its zero residual.
fn nonzero(value: f32) -> f32 {
    if value == 0.0 { 1e-8 } else { value }
}
