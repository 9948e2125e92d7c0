//! A fresh batch for every step.

use faer::Mat;

use crate::block::Block;
use crate::draws::complement::correlated;
use crate::draws::frame::{Draws, Frame};
use crate::draws::stream::{ROWS_PER_BLOCK, Stream};
use crate::error::{Result, TheoryError, at_least_one, same_size};
use crate::learning::gradient::{Gradient, GradientSums};
use crate::matrix::{product, rows};
use crate::mixture::Mixture;

/// The signal that a gradient follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// The residual `f - f*`.
    Residual,
    /// The negative target `-f*`.
    Correlation,
}

/// Gaussian inputs with a teacher.
pub(crate) struct TeacherBatches<'a> {
    pub(crate) teacher: &'a Mixture,
    pub(crate) batch_size: usize,
    pub(crate) draws: Draws,
    pub(crate) signal: Signal,
    pub(crate) stream: Stream,
}

/// Sums over rows.
struct Sums {
    squares: f64,
    weights: Vec<f64>,
    /// Products `Z'C` with rows `Z` in the coordinates of the frame, `[n_drawn, 2 n_experts]`.
    products: Mat<f64>,
    /// Products `C'C` where the frame leaves directions out, `[2 n_experts, 2 n_experts]`.
    gram: Option<Mat<f64>>,
}

impl TeacherBatches<'_> {
    /// Refuses teachers and batches for which [`Self::gradient`] is not defined.
    pub(crate) fn check(&self, student: &Mixture) -> Result<()> {
        at_least_one("batch_size", self.batch_size)?;
        same_size(
            "dimensions of the student, as of the teacher",
            self.teacher.d_input(),
            student.d_input(),
        )?;
        let (n_experts, n_teachers) = (student.n_experts(), self.teacher.n_experts());
        if n_experts < n_teachers {
            return Err(TheoryError::TooFewExperts { n_experts, n_teachers });
        }
        Ok(())
    }

    /// Loss and gradient on the batch of a step.
    pub(crate) fn gradient(&self, student: &Mixture, step: usize) -> Result<Gradient> {
        let frame = Frame::new(&[student, self.teacher], self.draws);
        let shape = [self.batch_size, frame.n_drawn()];
        let blocks = self
            .stream
            .blocks(step as u64, shape, |drawn| self.sums(student, &frame, drawn));
        let sums = blocks.into_iter().reduce(Sums::plus).expect("a batch has a row");
        let n = self.batch_size as f64;
        let loss = 0.5 * sums.squares / n;
        if !loss.is_finite() {
            return Err(TheoryError::LossNotFinite { step, loss });
        }
        let vectors = self.vectors(&frame, &sums, step);
        let sums = GradientSums {
            squares: sums.squares,
            vectors: &vectors,
            weights: sums.weights,
        };
        Ok(sums.mean(n))
    }

    fn sums(&self, student: &Mixture, frame: &Frame, drawn: &[f64]) -> Sums {
        let drawn = rows(drawn, frame.n_drawn());
        let projections = product(drawn, frame.coordinates.as_ref());
        let (own, taught) = projections.as_ref().split_at_col(2 * student.n_experts());
        let block = Block::new(own);
        let targets = Block::new(taught).outputs(&self.teacher.weights);
        let outputs = block.outputs(&student.weights);
        let difference = |(output, target): (&f64, &f64)| output - target;
        let residuals: Vec<f64> = outputs.iter().zip(&targets).map(difference).collect();
        let squares = residuals.iter().map(|residual| residual * residual).sum();
        let signal = match self.signal {
            Signal::Residual => residuals,
            Signal::Correlation => targets.iter().map(|target| -target).collect(),
        };
        let coefficients = block.coefficients(&student.weights, &signal);
        let coefficients = coefficients.as_ref();
        let leaves_out = frame.n_drawn() < student.d_input();
        Sums {
            squares,
            weights: block.weight_gradient(&signal),
            products: product(drawn.transpose(), coefficients),
            gram: leaves_out.then(|| product(coefficients.transpose(), coefficients)),
        }
    }

    /// The products `X'C`, `[d_input, 2 n_experts]`; directions that the frame leaves out are drawn.
    fn vectors(&self, frame: &Frame, sums: &Sums, step: usize) -> Mat<f64> {
        let Some(gram) = &sums.gram else {
            return sums.products.clone();
        };
        let (n_drawn, n_columns) = sums.products.shape();
        let n_left_out = self.teacher.d_input() - n_drawn;
        // Blocks of rows have lower numbers.
        let after_rows = self.batch_size.div_ceil(ROWS_PER_BLOCK) as u64;
        let normal = self.stream.normal(step as u64, after_rows, n_left_out * n_columns);
        let left_out = correlated(&normal, gram);
        let mut vectors = Mat::zeros(n_drawn + n_left_out, n_columns);
        vectors.as_mut().subrows_mut(0, n_drawn).copy_from(&sums.products);
        vectors.as_mut().subrows_mut(n_drawn, n_left_out).copy_from(&left_out);
        frame.turn_back(&mut vectors);
        vectors
    }
}

impl Sums {
    fn plus(mut self, other: Self) -> Self {
        self.squares += other.squares;
        add(&mut self.weights, &other.weights);
        self.products += other.products;
        self.gram = self.gram.zip(other.gram).map(|(gram, other)| gram + other);
        self
    }
}

fn add(sums: &mut [f64], values: &[f64]) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::stream::Purpose;
    use crate::matrix::dot;

    fn gradients(draws: Draws, batch_size: usize, steps: usize) -> Vec<Gradient> {
        let teacher = Mixture::teacher(2, 30, 3).unwrap();
        // Two are the same but for their weights, so that their coefficients depend on each other.
        let student = Mixture::student(2, 30, 4).unwrap();
        let student = student.selected(&[0, 0, 1], vec![1.0, 0.5, 0.7]);
        let batches = TeacherBatches {
            teacher: &teacher,
            batch_size,
            draws,
            signal: Signal::Residual,
            stream: Stream {
                seed: 5,
                purpose: Purpose::FeatureLearning,
            },
        };
        let steps = 0..steps;
        steps.map(|step| batches.gradient(&student, step).unwrap()).collect()
    }

    /// Mean and standard error.
    fn mean(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (mean, (squares / (n - 1.0) / n).sqrt())
    }

    #[test]
    fn both_ways_to_draw_have_the_same_mean() {
        let numbers = |gradient: &Gradient| -> Vec<f64> {
            [
                gradient.routers.as_slice(),
                &gradient.experts,
                &gradient.weights,
                &[gradient.loss],
            ]
            .concat()
        };
        let [rows, span] = [Draws::Rows, Draws::Span].map(|draws| {
            let gradients = gradients(draws, 10_000, 40);
            gradients.iter().map(numbers).collect::<Vec<_>>()
        });
        let mut largest = 0.0_f64;
        for at in 0..rows[0].len() {
            let of = |numbers: &[Vec<f64>]| mean(&numbers.iter().map(|numbers| numbers[at]).collect::<Vec<_>>());
            let ((rows, rows_error), (span, span_error)) = (of(&rows), of(&span));
            let error = rows_error.hypot(span_error);
            assert!((rows - span).abs() < 5.0 * error, "{at}: {rows} {span} {error}");
            largest = largest.max(rows.abs() / error);
        }
        assert!(largest > 30.0, "{largest}");
    }

    /// The median, because products of six normal factors have variances that no sample of bearable size
    /// estimates well.
    fn median(mut values: Vec<f64>) -> f64 {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }

    #[test]
    fn both_ways_to_draw_spread_alike_in_every_direction() {
        // One direction has parts within the span and outside of it.
        let direction = Mixture::student(1, 30, 77).unwrap();
        let [rows, span] = [Draws::Rows, Draws::Span].map(|draws| {
            let gradients = gradients(draws, 100, 10_000);
            let along = |values: &[f64], i: usize| dot(&values[30 * i..30 * (i + 1)], direction.expert(0));
            let parts: Vec<[f64; 4]> = gradients
                .iter()
                .map(|gradient| {
                    let [first, last] = [1, 2].map(|i| along(&gradient.experts, i));
                    [along(&gradient.routers, 0), along(&gradient.routers, 1), first, last]
                })
                .collect();
            // Sums and differences spread as the covariance says.
            let mut spreads = Vec::new();
            for (i, j) in [(0, 0), (1, 1), (2, 2), (3, 3), (0, 2), (1, 3), (0, 1), (2, 3)] {
                for sign in [1.0, -1.0] {
                    spreads.push(median(
                        parts.iter().map(|part| (part[i] + sign * part[j]).abs()).collect(),
                    ));
                }
            }
            spreads
        });
        for (at, (rows, span)) in rows.iter().zip(&span).enumerate() {
            // The standard error of each is below two percent.
            assert!((rows - span).abs() <= 0.06 * rows, "{at}: {rows} {span}");
        }
        // The first router's gradient is twice the second's.
        assert!((rows[12] / rows[13] - 3.0).abs() < 1e-6 && (span[12] / span[13] - 3.0).abs() < 1e-6);
    }
}
