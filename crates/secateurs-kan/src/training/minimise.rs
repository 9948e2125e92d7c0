//! Training of any module on any differentiable objective by Adam or L-BFGS.

use burn::module::Module;
use secateurs_train::Verdict;
use serde::{Deserialize, Serialize};

use super::objective::Objective;
use super::schedule::{Keep, Schedule};
use super::stepper::Stepper;
use crate::{KanError, Result};

/// One step of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepLog {
    /// Number of steps before it.
    pub step: usize,
    /// The loss: before the step with Adam, after it with L-BFGS.
    pub loss: f64,
    /// The validation loss after the step.
    pub validation: Option<f64>,
    /// True if the step found a smaller loss (L-BFGS) or a slope to follow (Adam). A training without any such step has
    /// learnt nothing: it began at a minimum, its gradient is zero, or its line search failed.
    pub moved: bool,
}

/// Trains a module on the device of its parameters.
///
/// The listener sees every step as soon as it is done.
///
/// # Errors
///
/// If a loss is NaN or infinite, or the objective fails.
pub fn minimise<M: Module + Clone, O: Objective<M>>(
    model: M,
    objective: &mut O,
    schedule: &Schedule,
    listener: &mut dyn FnMut(&StepLog),
) -> Result<(M, Vec<StepLog>)> {
    let mut model = model.train();
    let mut stepper = Stepper::new(schedule.optimizer);
    let mut log = Vec::new();
    let mut watch = schedule.early_stopping().watch()?;
    for step in 0..schedule.steps {
        let (prepared, changed) = objective.before_step(model, step)?;
        model = prepared.train();
        if changed {
            stepper = Stepper::new(schedule.optimizer);
        }
        let (stepped, loss, moved) = stepper.step(model, &*objective, step);
        if !loss.is_finite() {
            return Err(KanError::LossNotFinite { step, loss });
        }
        model = stepped;
        let validation = objective.validation(&model.valid());
        let entry = StepLog {
            step,
            loss,
            validation,
            moved,
        };
        listener(&entry);
        log.push(entry);
        let Some(loss) = validation else { continue };
        if !loss.is_finite() {
            return Err(KanError::LossNotFinite { step: step + 1, loss });
        }
        if watch.see(loss, || model.clone())? == Verdict::Stop {
            break;
        }
    }
    let model = match (schedule.keep, watch.into_best()) {
        (Keep::Best, Some(best)) => best.state,
        _ => model,
    };
    Ok((model.valid(), log))
}
