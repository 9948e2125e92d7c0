//! SparseGPT: one sweep over the inputs, in which later weights are corrected for every pruned one.

use faer::linalg::matmul::matmul;
use faer::{Accum, Par};
use rayon::prelude::*;
use secateurs_tensor::{KeepMask, Needs, NonNegative, Pattern, WeightMatrix, keep_largest_into};

use crate::algebra::product::{outputs_per_task, rows, rows_mut};
use crate::algebra::sweep::SweepFactor;
use crate::error::PruneError;
use crate::methods::layer_method::LayerMethod;
use crate::methods::output_sweep::{Block, OutputSweep, score_into};
use crate::methods::prepare::{Prepared, default_damping, fall_back, finish, prepare, with_damping};
use crate::methods::problem::{LayerProblem, Solution};
use crate::methods::quota::block_quotas;

/// Optimal brain surgery in one sweep.
///
/// With `U` the upper Cholesky factor of the inverse of the damped Gram matrix, `H^-1 = U^T U`, inputs are visited in
/// blocks. Unstructured: the weights of lowest `(w / U_jj)^2` are pruned, compared over all outputs and the inputs of
/// the block. N:M: the same score within each group, taken when the sweep reaches it. A pruned weight `w_j` adds
/// `-(w_j / U_jj) U_jk` to every later weight `k` of its output.
///
/// # References
///
/// Frantar and Alistarh, SparseGPT, arXiv 2301.00774, algorithm 1.
/// **Deviates:** exact counts (the reference prunes all weights equal to the threshold and one more); the blocks'
/// counts add up to the layer's; zeros of the dense layer are pruned first wherever the count allows; blocks are
/// shortened to whole N:M groups; the factor is computed in f64, from one Cholesky factorisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseGpt {
    /// Number of inputs that compete with each other and are swept before later ones are corrected.
    pub block: usize,
    /// Damping: added to the diagonal of the Gram matrix, in units of its mean.
    pub damping: NonNegative,
}

impl Default for SparseGpt {
    fn default() -> Self {
        Self {
            block: 128,
            damping: default_damping(0.01),
        }
    }
}

const NAME: &str = "sparsegpt";

impl LayerMethod for SparseGpt {
    fn name(&self) -> &str {
        NAME
    }

    fn needs(&self) -> Needs {
        Needs::GRAM
    }

    fn solve(&self, problem: &LayerProblem<'_>) -> Result<Solution, PruneError> {
        let _span = tracing::debug_span!("sparsegpt", path = problem.path).entered();
        if self.block == 0 {
            return Err(PruneError::BadSetting {
                method: NAME,
                setting: "block",
                expected: "at least 1",
                value: 0.0,
            });
        }
        let mut ready = match prepare(problem, NAME)? {
            Prepared::Done(solution) => return Ok(solution),
            Prepared::Ready(ready) => ready,
        };
        let factor = match with_damping(self.damping, &mut ready.events, |damping| ready.gram.sweep(damping)) {
            Ok(factor) => factor,
            Err(singular) => return fall_back(problem, NAME, singular.to_string(), ready.events),
        };
        let block = match problem.pattern {
            Pattern::Unstructured(_) => self.block,
            Pattern::Nm(pattern) => (self.block / pattern.group()).max(1) * pattern.group(),
        };
        let sweep = Sweep {
            factor: &factor,
            pattern: problem.pattern,
            block,
        };
        let (weight, keep) = sweep.run(ready.weight).map_err(PruneError::at(problem.path))?;
        finish(problem, weight, keep, ready.events)
    }
}

struct Sweep<'a> {
    factor: &'a SweepFactor,
    pattern: Pattern,
    block: usize,
}

impl Sweep<'_> {
    fn run(&self, mut weight: WeightMatrix) -> secateurs_tensor::Result<(WeightMatrix, KeepMask)> {
        let dims = weight.dims();
        let [d_output, d_input] = dims;
        let zeros: Vec<bool> = weight.values().iter().map(|value| *value == 0.0).collect();
        let blocks = self.blocks(d_input);
        let quotas = self.quotas(&blocks, &zeros, dims);
        let mut keep = vec![true; weight.len()];
        for (block, quota) in blocks.into_iter().zip(quotas) {
            let mut kept = vec![true; d_output * block.width()];
            if matches!(self.pattern, Pattern::Unstructured(_)) {
                let scores = self.scores(&weight, &zeros, block);
                keep_largest_into(&scores, quota, &mut kept)?;
            }
            let errors = self.sweep_block(&mut weight, &zeros, block, &mut kept);
            self.correct_later(&mut weight, block, &errors);
            for (keep, kept) in keep.chunks_exact_mut(d_input).zip(kept.chunks_exact(block.width())) {
                keep[block.start..block.stop].copy_from_slice(kept);
            }
        }
        Ok((weight, KeepMask::new(keep, dims)?))
    }

    fn blocks(&self, d_input: usize) -> Vec<Block> {
        let starts = (0..d_input).step_by(self.block);
        starts
            .map(|start| Block {
                start,
                stop: (start + self.block).min(d_input),
            })
            .collect()
    }

    /// Number of weights to prune in each block; N:M groups need no quota.
    fn quotas(&self, blocks: &[Block], zeros: &[bool], dims: [usize; 2]) -> Vec<usize> {
        let count = |block: &Block| {
            let outputs = zeros.chunks_exact(dims[1]);
            outputs
                .map(|zeros| zeros[block.start..block.stop].iter().filter(|zero| **zero).count())
                .sum()
        };
        let sizes: Vec<usize> = blocks.iter().map(|block| dims[0] * block.width()).collect();
        let zeros: Vec<usize> = blocks.iter().map(count).collect();
        block_quotas(self.pattern.pruned_count(dims), &sizes, &zeros)
    }

    /// `|w / U_jj|` of a block, `[d_output, width]`; -1 for zeros of the dense layer.
    fn scores(&self, weight: &WeightMatrix, zeros: &[bool], block: Block) -> Vec<f32> {
        let [d_output, d_input] = weight.dims();
        let inverse = &self.factor.inverse_diagonal[block.start..block.stop];
        let mut scores = vec![0.0; d_output * block.width()];
        scores
            .par_chunks_exact_mut(block.width())
            .enumerate()
            .for_each(|(output, scores)| {
                let range = output * d_input + block.start..output * d_input + block.stop;
                score_into(&weight.values()[range.clone()], &zeros[range], inverse, scores);
            });
        scores
    }

    /// Sweeps all outputs through a block; returns `w_j / U_jj` of the pruned weights, `[d_output, width]`.
    fn sweep_block(&self, weight: &mut WeightMatrix, zeros: &[bool], block: Block, kept: &mut [bool]) -> Vec<f32> {
        let d_input = weight.d_input();
        let mut errors = vec![0.0; kept.len()];
        let outputs = weight
            .values_mut()
            .par_chunks_exact_mut(d_input)
            .zip(zeros.par_chunks_exact(d_input));
        let outputs = outputs.zip(errors.par_chunks_exact_mut(block.width()));
        let outputs = outputs.zip(kept.par_chunks_exact_mut(block.width())).with_min_len(16);
        outputs.for_each(|(((weights, zeros), errors), kept)| {
            let mut output = OutputSweep {
                weights: &mut weights[block.start..block.stop],
                zeros: &zeros[block.start..block.stop],
                errors,
                kept,
            };
            match self.pattern {
                Pattern::Unstructured(_) => output.run(self.factor, block, None),
                Pattern::Nm(pattern) => output.run(self.factor, block, Some(pattern)),
            }
        });
        errors
    }

    /// `W[:, later] -= E U[block, later]`.
    fn correct_later(&self, weight: &mut WeightMatrix, block: Block, errors: &[f32]) {
        let [d_output, d_input] = weight.dims();
        let n_later = d_input - block.stop;
        if n_later == 0 || d_output == 0 {
            return;
        }
        let factor = rows(&self.factor.upper, [d_input, d_input]);
        let factor = factor.submatrix(block.start, block.stop, block.width(), n_later);
        let n_outputs = outputs_per_task(d_output);
        let tasks = weight.values_mut().par_chunks_mut(n_outputs * d_input);
        tasks
            .zip(errors.par_chunks(n_outputs * block.width()))
            .for_each(|(weights, errors)| {
                let n_outputs = weights.len() / d_input;
                let later = rows_mut(weights, [n_outputs, d_input]).subcols_mut(block.stop, n_later);
                matmul(
                    later,
                    Accum::Add,
                    rows(errors, [n_outputs, block.width()]),
                    factor,
                    -1.0,
                    Par::Seq,
                );
            });
    }
}
