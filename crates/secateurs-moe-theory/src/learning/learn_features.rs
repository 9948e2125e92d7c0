//! Phase 1: aligns routers and experts with the teacher's, on the unit sphere.

use crate::draws::frame::Draws;
use crate::draws::stream::{Purpose, Stream};
use crate::error::{Result, TheoryError, not_negative};
use crate::learning::course::{Course, Record};
use crate::learning::descent::{Descent, descend};
use crate::learning::gradient::Gradient;
use crate::learning::teacher_batches::{Signal, TeacherBatches};
use crate::matrix::dot;
use crate::mixture::{Mixture, normalise};

/// Parameters that are trained, and the signal of their training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Routers, experts and weights by the gradient of the loss.
    #[default]
    Joint,
    /// Routers and experts by the correlation with the teacher alone, `r = -f*`: experts do not see one another.
    CorrelationOnly,
    /// Routers and experts by the gradient of the loss.
    FrozenWeights,
}

/// Settings of feature learning.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureLearning {
    /// Fresh rows per step.
    pub batch_size: usize,
    /// Learning rate of routers and experts; their steps are this divided by the mean `|a_i|` before the first step.
    pub learning_rate: f64,
    /// Learning rate of the weights, where they are trained; best far below `learning_rate` in many dimensions, see
    /// [`learn_features`].
    pub weight_rate: f64,
    /// Number of steps.
    pub steps: usize,
    /// Seed of the batches: equal seeds give equal batches, bit by bit and with any number of threads.
    pub seed: u64,
    /// Steps from one record to the next.
    pub record_every: usize,
    /// Parameters that are trained.
    pub mode: Mode,
    /// The way in which batches are drawn.
    pub draws: Draws,
}

impl Default for FeatureLearning {
    /// Settings that find three teachers in 40 dimensions with 15 experts.
    fn default() -> Self {
        Self {
            batch_size: 4096,
            learning_rate: 0.05,
            weight_rate: 0.05,
            steps: 2000,
            seed: 0,
            record_every: 50,
            mode: Mode::Joint,
            draws: Draws::Rows,
        }
    }
}

/// Stochastic gradient descent on `1/2 E (f - f*)^2`, `x ~ N(0, I)`, with routers and experts on the unit sphere.
///
/// Each step draws a fresh batch. Gradients for a router or an expert are projected on the tangent space; after the step
/// the vector is scaled to unit length. Their rate is divided by the mean `|a_i|` of the given student, because their
/// gradient is proportional to `a_i`: from [`Mixture::student`] it is `learning_rate * n_experts`, and with weights of 1
/// `learning_rate`.
///
/// An expert that has not aligned yet only adds to the error, so its weight decays, and with it its steps: what has not
/// aligned when the weight is gone never will. With `weight_rate = learning_rate` that takes some hundred steps, in which
/// experts in 40 dimensions find most teachers, and those in 1000 none. With `weight_rate = learning_rate / n_experts`, at
/// which weights change as fast as vectors relative to their size, or with [`Mode::FrozenWeights`], they have the time.
///
/// `progress` sees every record.
///
/// # Errors
///
/// If the student has other dimensions than the teacher or fewer experts, a size is zero, a rate is negative, all weights
/// are zero, or the loss is no longer finite.
///
/// # References
///
/// Liao and Kyrillidis 2025, arXiv:2510.07205, figure 1.
/// **Deviates:** the paper analyses gradient flow; step size, batch size, the division by the mean weight and the rate for
/// weights are ours.
pub fn learn_features(
    student: Mixture,
    teacher: &Mixture,
    options: &FeatureLearning,
    progress: &mut dyn FnMut(&Record),
) -> Result<(Mixture, Course)> {
    let vector_rate = vector_rate(&student, options.learning_rate)?;
    let weight_rate = not_negative("the rate for weights", options.weight_rate)?;
    let batches = TeacherBatches {
        teacher,
        batch_size: options.batch_size,
        draws: options.draws,
        signal: match options.mode {
            Mode::CorrelationOnly => Signal::Correlation,
            Mode::Joint | Mode::FrozenWeights => Signal::Residual,
        },
        stream: Stream {
            seed: options.seed,
            purpose: Purpose::FeatureLearning,
        },
    };
    let descent = Descent {
        batches,
        steps: options.steps,
        record_every: options.record_every,
    };
    let update = |student: &mut Mixture, gradient: &Gradient| {
        move_on_sphere(&mut student.routers, &gradient.routers, teacher.d_input(), vector_rate);
        move_on_sphere(&mut student.experts, &gradient.experts, teacher.d_input(), vector_rate);
        if options.mode == Mode::Joint {
            descend(&mut student.weights, &gradient.weights, weight_rate);
        }
    };
    descent.run(student, update, progress)
}

fn vector_rate(student: &Mixture, learning_rate: f64) -> Result<f64> {
    not_negative("the learning rate", learning_rate)?;
    let sum: f64 = student.weights().iter().map(|weight| weight.abs()).sum();
    let mean = sum / student.n_experts() as f64;
    if mean > 0.0 && mean.is_finite() {
        return Ok(learning_rate / mean);
    }
    Err(TheoryError::OutOfRange {
        what: "the mean absolute weight",
        range: "positive and finite",
        got: mean,
    })
}

/// Moves every vector along its tangent space, and back to unit length.
fn move_on_sphere(vectors: &mut [f64], gradient: &[f64], d_input: usize, rate: f64) {
    let vectors = vectors.chunks_exact_mut(d_input);
    for (vector, gradient) in vectors.zip(gradient.chunks_exact(d_input)) {
        let radial = dot(vector, gradient);
        for (value, slope) in vector.iter_mut().zip(gradient) {
            *value -= rate * (slope - radial * *value);
        }
        normalise(vector);
    }
}
