//! SparseGPT's sweep of one output through one block of inputs.

use secateurs_tensor::{NmPattern, keep_in_group};

use crate::algebra::sweep::SweepFactor;

/// The inputs `start..stop`.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: usize,
    pub(crate) stop: usize,
}

impl Block {
    pub(crate) fn width(self) -> usize {
        self.stop - self.start
    }
}

/// One output within one block.
pub(crate) struct OutputSweep<'a> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) zeros: &'a [bool],
    pub(crate) errors: &'a mut [f32],
    pub(crate) kept: &'a mut [bool],
}

impl OutputSweep<'_> {
    /// Visits the inputs of the block in order; `groups` are chosen when they are reached.
    pub(crate) fn run(&mut self, factor: &SweepFactor, block: Block, groups: Option<NmPattern>) {
        let d_input = factor.inverse_diagonal.len();
        let inverse = &factor.inverse_diagonal[block.start..block.stop];
        for index in 0..block.width() {
            if let Some(pattern) = groups.filter(|pattern| index % pattern.group() == 0) {
                self.choose(pattern, index, inverse);
            }
            if self.kept[index] || self.weights[index] == 0.0 {
                continue;
            }
            let error = self.weights[index] * inverse[index];
            self.errors[index] = error;
            self.weights[index] = 0.0;
            let input = block.start + index;
            let row = &factor.upper[input * d_input + input + 1..input * d_input + block.stop];
            self.weights[index + 1..]
                .iter_mut()
                .zip(row)
                .for_each(|(weight, entry)| *weight -= error * entry);
        }
    }

    /// Chooses within the group at `start`, on the weights as corrected so far.
    fn choose(&mut self, pattern: NmPattern, start: usize, inverse: &[f32]) {
        let range = start..start + pattern.group();
        let mut scores = vec![0.0; pattern.group()];
        score_into(
            &self.weights[range.clone()],
            &self.zeros[range.clone()],
            &inverse[range.clone()],
            &mut scores,
        );
        keep_in_group(&scores, pattern.keep(), &mut self.kept[range]);
    }
}

/// `|w / U_jj|`; -1 for zeros of the dense layer.
pub(crate) fn score_into(weights: &[f32], zeros: &[bool], inverse: &[f32], scores: &mut [f32]) {
    for (((score, weight), zero), inverse) in scores.iter_mut().zip(weights).zip(zeros).zip(inverse) {
        *score = if *zero { -1.0 } else { (weight * inverse).abs() };
    }
}
