//! A step of Adam or of L-BFGS.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{AdamConfig, GradientsParams, LBFGS, LBFGSConfig, LineSearchFn, ModuleOptimizer};
use burn::tensor::Tensor;

use super::objective::Objective;
use super::schedule::Optimizer;

/// An optimizer with its state.
pub(super) enum Stepper {
    Adam(f64, Box<ModuleOptimizer>),
    Lbfgs(Box<Scaled>),
}

/// L-BFGS on a multiple of the loss.
///
/// burn's takes no pair of differences whose product is below 1e-10, so that near a loss of zero it would become steepest
/// descent.
pub(super) struct Scaled {
    optimizer: LBFGS,
    config: LBFGSConfig,
    /// The factor, once a loss is known.
    scale: Option<f64>,
}

/// Share by which a loss must fall to count as moved.
const LEAST_FALL: f64 = 1e-12;

/// Share to which a loss must fall for a new factor.
const RESCALE: f64 = 1e-6;

impl Scaled {
    fn new(config: LBFGSConfig) -> Self {
        Self {
            optimizer: config.init(),
            config,
            scale: None,
        }
    }

    /// The factor for a step that begins at this loss; a new factor clears the history.
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
    pub(super) fn new(optimizer: Optimizer) -> Self {
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
    pub(super) fn step<M: Module + Clone>(
        &mut self,
        model: M,
        objective: &impl Objective<M>,
        step: usize,
    ) -> (M, f64, bool) {
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

/// Whether any gradient is not 0.
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
