//! Training: any module, any differentiable objective, Adam or L-BFGS.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams, LBFGS, LBFGSConfig, LineSearchFn, ModuleOptimizer};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::{KanError, Result};

/// What training makes small.
pub trait Objective<M> {
    /// The loss of one step, a scalar, with everything that is added to it.
    fn loss(&self, model: &M, step: usize) -> Tensor<1>;

    /// A loss on data that no step sees, to stop by; none if there is none.
    fn validation(&self, _model: &M) -> Option<f64> {
        None
    }

    /// What happens to the model before each step, such as moving its grids; `true` if it changed. What all losses of a step
    /// need may be kept from here.
    ///
    /// # Errors
    ///
    /// Those of the objective.
    fn before_step(&mut self, model: M, _step: usize) -> Result<(M, bool)> {
        Ok((model, false))
    }
}

/// How steps are taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam.
    Adam {
        /// Its learning rate.
        learning_rate: f64,
    },
    /// L-BFGS with strong Wolfe line search; a step is up to `iterations` iterations. Needs the same loss at every step.
    Lbfgs {
        /// Iterations in one step.
        iterations: usize,
        /// Pairs of differences kept.
        history: usize,
    },
}

impl Optimizer {
    /// L-BFGS as pykan sets it: 20 iterations a step, history 10.
    pub const LBFGS: Self = Self::Lbfgs {
        iterations: 20,
        history: 10,
    };
}

/// Which weights training ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Those of the last step.
    Last,
    /// Those with the least validation loss, or the last ones without validation.
    #[default]
    Best,
}

/// How long and how to train.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Adam or L-BFGS.
    pub optimizer: Optimizer,
    /// The most steps.
    pub steps: usize,
    /// Steps without a smaller validation loss after which training ends.
    pub patience: Option<usize>,
    /// Which weights training ends with.
    pub keep: Keep,
}

impl Schedule {
    /// That many steps of an optimizer.
    pub fn new(optimizer: Optimizer, steps: usize) -> Self {
        Self {
            optimizer,
            steps,
            patience: None,
            keep: Keep::Best,
        }
    }

    /// The same, ending early if the validation loss does not fall for so many steps.
    pub fn with_patience(self, patience: usize) -> Self {
        Self {
            patience: Some(patience),
            ..self
        }
    }
}

/// One step of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepLog {
    /// Steps before it.
    pub step: usize,
    /// The loss: before the step with Adam, after it with L-BFGS.
    pub loss: f64,
    /// The validation loss after the step.
    pub validation: Option<f64>,
    /// Whether the step found a smaller loss (L-BFGS) or a slope to follow (Adam). A training of which no step did has learnt
    /// nothing: it began at a minimum, its gradient is zero, or its line search failed.
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
    let mut best: Option<(f64, M)> = None;
    let mut since_best = 0;
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
        if best.as_ref().is_none_or(|(least, _)| loss < *least) {
            best = Some((loss, model.clone()));
            since_best = 0;
        } else {
            since_best += 1;
        }
        if schedule.patience.is_some_and(|patience| since_best > patience) {
            break;
        }
    }
    let model = match (schedule.keep, best) {
        (Keep::Best, Some((_, best))) => best,
        _ => model,
    };
    Ok((model.valid(), log))
}

enum Stepper {
    Adam(f64, Box<ModuleOptimizer>),
    Lbfgs(Box<Scaled>),
}

/// L-BFGS on a multiple of the loss.
///
/// burn's takes no pair of differences whose product is below 1e-10, so that near a loss of zero it would become steepest
/// descent.
struct Scaled {
    optimizer: LBFGS,
    config: LBFGSConfig,
    /// The factor, once a loss is known.
    scale: Option<f64>,
}

/// A loss that falls by less than this share stays where it is.
const LEAST_FALL: f64 = 1e-12;

/// A loss that fell this far needs another factor.
const RESCALE: f64 = 1e-6;

impl Scaled {
    fn new(config: LBFGSConfig) -> Self {
        Self {
            optimizer: config.init(),
            config,
            scale: None,
        }
    }

    /// The factor for a step that begins at this loss; a new one begins without history.
    fn scale(&mut self, loss: f64) -> f64 {
        match self.scale {
            Some(scale) if scale * loss > RESCALE => scale,
            _ if loss.abs() > f64::MIN_POSITIVE && loss.is_finite() => {
                self.optimizer = self.config.init();
                *self.scale.insert(1.0 / loss.abs())
            }
            scale => scale.unwrap_or(1.0),
        }
    }
}

impl Stepper {
    fn new(optimizer: Optimizer) -> Self {
        match optimizer {
            Optimizer::Adam { learning_rate } => {
                Self::Adam(learning_rate, Box::new(AdamConfig::new().with_epsilon(1e-8).init()))
            }
            Optimizer::Lbfgs { iterations, history } => {
                let config = LBFGSConfig::new()
                    .with_max_iter(iterations)
                    .with_history_size(history)
                    .with_tolerance_grad(1e-32)
                    .with_tolerance_change(1e-32)
                    .with_line_search_fn(LineSearchFn::StrongWolfe);
                Self::Lbfgs(Box::new(Scaled::new(config)))
            }
        }
    }

    /// The model after a step, its loss, and whether the step moved it.
    fn step<M: Module + Clone>(&mut self, model: M, objective: &impl Objective<M>, step: usize) -> (M, f64, bool) {
        let evaluate = |model: &M, scale: f64| {
            let loss = objective.loss(model, step);
            let value: f64 = loss.clone().into_scalar();
            (
                value * scale,
                GradientsParams::from_grads((loss * scale).backward(), model),
            )
        };
        match self {
            Self::Adam(learning_rate, optimizer) => {
                let (loss, gradients) = evaluate(&model, 1.0);
                let moved = has_slope(&gradients, &model);
                (optimizer.step(*learning_rate, model, gradients), loss, moved)
            }
            Self::Lbfgs(scaled) => {
                let before: f64 = objective.loss(&model, step).into_scalar();
                let scale = scaled.scale(before);
                let (model, loss) = scaled.optimizer.step(1.0, model, |model: M| {
                    let (loss, gradients) = evaluate(&model, scale);
                    (loss, complete(gradients, &model))
                });
                let loss = loss / scale;
                // The factor leaves a rounding error.
                (model, loss, loss < before * (1.0 - LEAST_FALL))
            }
        }
    }
}

/// Whether a gradient is anything but 0.
fn has_slope<M: Module>(gradients: &GradientsParams, model: &M) -> bool {
    struct Slope<'a>(&'a GradientsParams, bool);
    impl ModuleVisitor for Slope<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            // One that slopes is enough.
            if let (false, Some(gradient)) = (self.1, self.0.get::<D>(parameter.id)) {
                let greatest: f64 = gradient.abs().max().into_scalar();
                self.1 = greatest > 0.0;
            }
        }
    }
    let mut slope = Slope(gradients, false);
    model.visit(&mut slope);
    slope.1
}

/// Gradients with zeros for the parameters that do not learn: L-BFGS flattens all parameters of a module.
fn complete<M: Module>(gradients: GradientsParams, model: &M) -> GradientsParams {
    struct Zeros(GradientsParams);
    impl ModuleVisitor for Zeros {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            if self.0.get::<D>(parameter.id).is_none() {
                self.0.register(parameter.id, parameter.val().inner().zeros_like());
            }
        }
    }
    let mut zeros = Zeros(gradients);
    model.visit(&mut zeros);
    zeros.0
}
