//! Cross entropy of a product whose logits exist only one tile at a time.

use faer::{Accum, MatRef};
use rayon::prelude::*;

use super::cross_entropy::{Losses, RunningSum, extend_sum, scaled_softmax};
use super::matmul::{MULTIPLE, product, rows, rows_mut};

/// Tokens of a tile.
const TOKENS: usize = 1024;
/// Vocabulary entries of a tile: its logits, 1 MB at most, stay in the cache.
const TILE: usize = 5 * MULTIPLE;
/// Spans into which the vocabulary is cut; fixed, so that sums do not depend on the number of threads.
const SPANS: usize = 16;

/// Hidden states `[n_tokens, d_model]`, head `[vocab, d_model]` and targets `[n_tokens]`.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub(crate) hidden: MatRef<'a, f32>,
    pub(crate) head: MatRef<'a, f32>,
    pub(crate) targets: &'a [usize],
}

impl<'a> Inputs<'a> {
    fn tokens(self, start: usize) -> Self {
        let n = TOKENS.min(self.targets.len() - start);
        Self {
            hidden: self.hidden.subrows(start, n),
            targets: &self.targets[start..start + n],
            ..self
        }
    }

    fn span(self) -> usize {
        self.head.nrows().div_ceil(SPANS).next_multiple_of(MULTIPLE)
    }

    /// Calls `visit` with each tile of logits of a span, `[n_tokens, n_entries]`, and its first entry.
    fn for_each_tile(self, span: usize, mut visit: impl FnMut(usize, MatRef<'a, f32>, &mut [f32])) {
        let end = self.head.nrows().min((span + 1) * self.span());
        let mut buffer = vec![0.0; self.hidden.nrows() * TILE.min(self.span())];
        for start in (span * self.span()..end).step_by(TILE) {
            let (n_tokens, n_entries) = (self.hidden.nrows(), TILE.min(end - start));
            let logits = &mut buffer[..n_tokens * n_entries];
            let head = self.head.subrows(start, n_entries);
            product(
                rows_mut(logits, n_tokens, n_entries),
                Accum::Replace,
                self.hidden,
                head.transpose(),
            );
            visit(start, head, logits);
        }
    }
}

/// The loss of each token; a task is a span of the vocabulary.
pub(crate) fn forward(inputs: Inputs<'_>) -> Losses {
    let mut losses = Losses {
        loss: Vec::new(),
        log_sum_exp: Vec::new(),
    };
    for start in (0..inputs.targets.len()).step_by(TOKENS) {
        let inputs = inputs.tokens(start);
        let spans = (0..inputs.head.nrows().div_ceil(inputs.span()))
            .into_par_iter()
            .with_max_len(1);
        let spans: Vec<Vec<Partial>> = spans.map(|span| scan(inputs, span)).collect();
        for token in 0..inputs.targets.len() {
            let total = spans.iter().map(|span| span[token]).reduce(Partial::merge);
            let total = total.expect("a vocabulary has a span");
            losses.log_sum_exp.push(total.sum.log_sum_exp());
            losses.loss.push(total.sum.log_sum_exp() - total.target);
        }
    }
    losses
}

/// Partial results of one span for one token.
#[derive(Clone, Copy)]
struct Partial {
    sum: RunningSum,
    /// The logit of the target where it lies in the span, otherwise 0.
    target: f32,
}

impl Partial {
    fn merge(self, other: Self) -> Self {
        Self {
            sum: self.sum.merge(other.sum),
            target: self.target + other.target,
        }
    }
}

fn scan(inputs: Inputs<'_>, span: usize) -> Vec<Partial> {
    let mut partials = vec![
        Partial {
            sum: RunningSum::EMPTY,
            target: 0.0
        };
        inputs.targets.len()
    ];
    inputs.for_each_tile(span, |start, head, logits| {
        let rows = logits.chunks_exact(head.nrows()).zip(inputs.targets);
        for (partial, (logits, &target)) in partials.iter_mut().zip(rows) {
            extend_sum(logits, &mut partial.sum);
            if let Some(logit) = target.checked_sub(start).and_then(|i| logits.get(i)) {
                partial.target = *logit;
            }
        }
    });
    partials
}

/// Derivatives by hidden states and head.
pub(crate) struct Gradients {
    pub(crate) hidden: Vec<f32>,
    pub(crate) head: Vec<f32>,
}

/// Computes the derivatives from the derivatives of the losses; the logits are computed again.
pub(crate) fn backward(inputs: Inputs<'_>, log_sum_exp: &[f32], grad: &[f32]) -> Gradients {
    let d_model = inputs.hidden.ncols();
    let mut d_head = vec![0.0; inputs.head.nrows() * d_model];
    let mut d_hidden = Vec::with_capacity(inputs.targets.len() * d_model);
    for start in (0..inputs.targets.len()).step_by(TOKENS) {
        let inputs = inputs.tokens(start);
        let range = start..start + inputs.targets.len();
        let weights = Weights {
            log_sum_exp: &log_sum_exp[range.clone()],
            grad: &grad[range],
        };
        let spans = d_head
            .par_chunks_mut(inputs.span() * d_model)
            .enumerate()
            .with_max_len(1);
        let spans: Vec<Vec<f32>> = spans
            .map(|(span, d_head)| derive(inputs, span, weights, d_head))
            .collect();
        let sum = spans.into_iter().reduce(|mut sum, span| {
            sum.iter_mut().zip(span).for_each(|(sum, x)| *sum += x);
            sum
        });
        d_hidden.extend(sum.expect("a vocabulary has a span"));
    }
    Gradients {
        hidden: d_hidden,
        head: d_head,
    }
}

/// Factors per token that turn a logit into its derivative.
#[derive(Clone, Copy)]
struct Weights<'a> {
    log_sum_exp: &'a [f32],
    grad: &'a [f32],
}

fn derive(inputs: Inputs<'_>, span: usize, weights: Weights<'_>, d_head: &mut [f32]) -> Vec<f32> {
    let (n_tokens, d_model) = (inputs.hidden.nrows(), inputs.hidden.ncols());
    let mut d_hidden = vec![0.0; n_tokens * d_model];
    let first = span * inputs.span();
    inputs.for_each_tile(span, |start, head, logits| {
        let n_entries = head.nrows();
        for (token, logits) in logits.chunks_exact_mut(n_entries).enumerate() {
            scaled_softmax(logits, weights.log_sum_exp[token], weights.grad[token]);
            if let Some(d_logit) = inputs.targets[token].checked_sub(start).and_then(|i| logits.get_mut(i)) {
                *d_logit -= weights.grad[token];
            }
        }
        let d_logits = rows(logits, n_tokens, n_entries);
        product(rows_mut(&mut d_hidden, n_tokens, d_model), Accum::Add, d_logits, head);
        let d_head = &mut d_head[(start - first) * d_model..][..n_entries * d_model];
        product(
            rows_mut(d_head, n_entries, d_model),
            Accum::Add,
            d_logits.transpose(),
            inputs.hidden,
        );
    });
    d_hidden
}

#[cfg(test)]
mod tests {
    use super::super::cross_entropy;
    use super::*;

    fn numbers(n: usize, step: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * step) % 101) as f32 / 50.0 - 1.0).collect()
    }

    /// Values and derivatives within 1e-5 of those from the whole matrix of logits.
    #[test]
    fn tiles_give_what_the_whole_matrix_gives() {
        let (n_tokens, d_model, vocab) = (1030, 8, 5000); // more than one tile of tokens, ragged tiles and spans
        let (hidden, head) = (numbers(n_tokens * d_model, 37), numbers(vocab * d_model, 53));
        let targets: Vec<usize> = (0..n_tokens).map(|i| i * 7919 % vocab).collect();
        let grad = numbers(n_tokens, 29);
        let inputs = Inputs {
            hidden: rows(&hidden, n_tokens, d_model),
            head: rows(&head, vocab, d_model),
            targets: &targets,
        };
        let mut logits = vec![0.0; n_tokens * vocab];
        let whole = rows_mut(&mut logits, n_tokens, vocab);
        product(whole, Accum::Replace, inputs.hidden, inputs.head.transpose());
        let expected = cross_entropy::forward(&logits, vocab, &targets);
        let got = forward(inputs);
        assert_close(&got.loss, &expected.loss);

        cross_entropy::backward(&mut logits, &targets, &expected.log_sum_exp, &grad);
        let d_logits = rows(&logits, n_tokens, vocab);
        let mut d_hidden = vec![0.0; n_tokens * d_model];
        product(
            rows_mut(&mut d_hidden, n_tokens, d_model),
            Accum::Replace,
            d_logits,
            inputs.head,
        );
        let mut d_head = vec![0.0; vocab * d_model];
        product(
            rows_mut(&mut d_head, vocab, d_model),
            Accum::Replace,
            d_logits.transpose(),
            inputs.hidden,
        );
        let gradients = backward(inputs, &got.log_sum_exp, &grad);
        assert_close(&gradients.hidden, &d_hidden);
        assert_close(&gradients.head, &d_head);
    }

    #[track_caller]
    fn assert_close(got: &[f32], expected: &[f32]) {
        assert_eq!(got.len(), expected.len());
        assert!(
            got.iter()
                .zip(expected)
                .all(|(got, expected)| (got - expected).abs() <= 1e-5 * expected.abs().max(1.0))
        );
    }
}
