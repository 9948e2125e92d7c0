//! Cross entropy of rows of logits and its derivative.

use rayon::prelude::*;

use super::scalar::{exp, max, sum_exp};

/// Loss and log-sum-exp of each row.
pub(crate) struct Losses {
    pub(crate) loss: Vec<f32>,
    pub(crate) log_sum_exp: Vec<f32>,
}

/// The loss of each row of `logits`.
pub(crate) fn forward(logits: &[f32], vocab: usize, targets: &[usize]) -> Losses {
    let log_sum_exp: Vec<f32> = logits.par_chunks(vocab).map(log_sum_exp).collect();
    let picked = targets
        .iter()
        .zip(logits.chunks_exact(vocab))
        .map(|(&target, row)| row[target]);
    let loss = log_sum_exp.iter().zip(picked).map(|(lse, logit)| lse - logit).collect();
    Losses { loss, log_sum_exp }
}

/// Replaces the logits by their derivatives, from the derivatives of the losses: `(softmax - one_hot) * grad`.
pub(crate) fn backward(logits: &mut [f32], targets: &[usize], log_sum_exp: &[f32], grad: &[f32]) {
    let vocab = logits.len() / targets.len();
    let rows = logits
        .par_chunks_mut(vocab)
        .zip(log_sum_exp)
        .zip(grad.par_iter().zip(targets));
    rows.for_each(|((logits, &shift), (&grad, &target))| {
        scaled_softmax(logits, shift, grad);
        logits[target] -= grad;
    });
}

vectorised! {
    fn log_sum_exp(row: &'a [f32]) -> f32 {
        let shift = max(row);
        shift + sum_exp(row, shift).ln()
    }

    /// Replaces each logit by `exp(logit - shift) * factor`.
    pub(crate) fn scaled_softmax(logits: &'a mut [f32], shift: f32, factor: f32) {
        for logit in logits {
            *logit = exp(*logit - shift) * factor;
        }
    }

    /// Extends the running maximum and the sum of exponentials relative to it by one more piece of a row.
    pub(crate) fn extend_sum(piece: &'a [f32], running: &'a mut RunningSum) {
        let shift = if running.max > max(piece) { running.max } else { max(piece) };
        running.sum = running.sum * exp(running.max - shift) + sum_exp(piece, shift);
        running.max = shift;
    }
}

/// `sum_i exp(x_i - max)` over the part of a row seen so far.
#[derive(Clone, Copy)]
pub(crate) struct RunningSum {
    pub(crate) max: f32,
    pub(crate) sum: f32,
}

impl RunningSum {
    pub(crate) const EMPTY: Self = Self {
        max: f32::NEG_INFINITY,
        sum: 0.0,
    };

    /// The sum over both parts.
    pub(crate) fn merge(self, other: Self) -> Self {
        let max = if self.max > other.max { self.max } else { other.max };
        let sum = self.sum * (self.max - max).exp() + other.sum * (other.max - max).exp();
        Self { max, sum }
    }

    pub(crate) fn log_sum_exp(self) -> f32 {
        self.max + self.sum.ln()
    }
}
