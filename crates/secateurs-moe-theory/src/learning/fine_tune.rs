//! Phase 3: trains the pruned student to zero loss.

use crate::draws::frame::Draws;
use crate::draws::stream::{Purpose, Stream};
use crate::error::{Result, not_negative};
use crate::learning::course::{Course, Record};
use crate::learning::descent::{Descent, descend};
use crate::learning::gradient::Gradient;
use crate::learning::teacher_batches::{Signal, TeacherBatches};
use crate::mixture::Mixture;

/// Settings of fine-tuning.
#[derive(Debug, Clone, PartialEq)]
pub struct FineTuning {
    /// Fresh rows per step.
    pub batch_size: usize,
    /// Learning rate of the routers.
    pub router_rate: f64,
    /// Learning rate of the experts.
    pub expert_rate: f64,
    /// Learning rate of the weights.
    pub weight_rate: f64,
    /// Number of steps.
    pub steps: usize,
    /// Seed of the batches: equal seeds give equal batches, bit by bit and with any number of threads.
    pub seed: u64,
    /// Steps from one record to the next.
    pub record_every: usize,
    /// The way in which batches are drawn.
    pub draws: Draws,
}

impl Default for FineTuning {
    /// Settings that are stable for a few teachers of weight 1: routers learn slowly and experts fast, and the rates
    /// even that out.
    fn default() -> Self {
        Self {
            batch_size: 4096,
            router_rate: 0.5,
            expert_rate: 0.05,
            weight_rate: 0.1,
            steps: 1500,
            seed: 0,
            record_every: 50,
            draws: Draws::Rows,
        }
    }
}

/// Stochastic gradient descent on `1/2 E (f - f*)^2`, `x ~ N(0, I)`, without constraints.
///
/// The residual is zero at the solution, and the noise of the gradient with it, so that at a constant rate the
/// loss falls by a constant factor in a number of steps.
///
/// `progress` sees every record.
///
/// # Errors
///
/// If the student has other dimensions than the teacher or fewer experts, a size is zero, a rate is negative, or the loss
/// is no longer finite.
///
/// # References
///
/// Liao and Kyrillidis 2025, arXiv:2510.07205.
/// **Deviates:** rates and batch size are ours.
pub fn fine_tune(
    student: Mixture,
    teacher: &Mixture,
    options: &FineTuning,
    progress: &mut dyn FnMut(&Record),
) -> Result<(Mixture, Course)> {
    let router_rate = not_negative("the rate for routers", options.router_rate)?;
    let expert_rate = not_negative("the rate for experts", options.expert_rate)?;
    let weight_rate = not_negative("the rate for weights", options.weight_rate)?;
    let descent = Descent {
        batches: TeacherBatches {
            teacher,
            batch_size: options.batch_size,
            draws: options.draws,
            signal: Signal::Residual,
            stream: Stream {
                seed: options.seed,
                purpose: Purpose::FineTuning,
            },
        },
        steps: options.steps,
        record_every: options.record_every,
    };
    let update = |student: &mut Mixture, gradient: &Gradient| {
        descend(&mut student.routers, &gradient.routers, router_rate);
        descend(&mut student.experts, &gradient.experts, expert_rate);
        descend(&mut student.weights, &gradient.weights, weight_rate);
    };
    descent.run(student, update, progress)
}
