//! Masked fine-tuning: training a pruned model while its zeros stay zero.

use burn::lr_scheduler::LrScheduler;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use secateurs_tensor::{MaskSet, attach_masks, fold_masks};

use crate::error::PruneError;

/// Trains a module under keep-masks with any burn optimizer.
///
/// The masks are attached as reparameterisations: a forward pass sees `+0.0` where a weight is pruned, whatever the
/// optimizer does to the stored value below (momentum, weight decay, Adam's state), and the gradient there is zero. When
/// training ends the masks are folded into the weights. So zeros need no optimizer that knows of them.
///
/// # Examples
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::optim::AdamConfig;
/// use burn::tensor::Tensor;
/// use secateurs_importance::{Magnitude, prune_module};
/// use secateurs_prune::MaskedFineTune;
/// use secateurs_tensor::{PathRules, Scope, WeightMatrix};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = secateurs_testkit::device().autodiff();
/// let linear = LinearConfig::new(4, 4).init(&device);
/// let (linear, masks, _) =
///     prune_module(linear, &Magnitude, "50%".parse()?, Scope::PerLayer, &PathRules::default())?;
/// let inputs = Tensor::<2>::ones([1, 4], &device);
/// let tuning = MaskedFineTune::new(AdamConfig::new().init(), 0.01);
/// let (linear, losses) = tuning.run(linear, &masks, 20, |linear, _step| {
///     (linear.forward(inputs.clone()) - 1.0).powi_scalar(2).mean()
/// })?;
/// assert!(losses[19] < losses[0]);
/// assert_eq!(WeightMatrix::from_linear(&linear.weight.val()).n_zeros(), 8);
/// # Ok(())
/// # }
/// ```
pub struct MaskedFineTune {
    optimizer: ModuleOptimizer,
    schedule: Box<dyn LrScheduler>,
}

impl MaskedFineTune {
    /// Trains with `optimizer` at the learning rates of `schedule`; a number is a constant one.
    pub fn new(optimizer: ModuleOptimizer, schedule: impl LrScheduler + 'static) -> Self {
        Self {
            optimizer,
            schedule: Box::new(schedule),
        }
    }

    /// Attaches `masks`, takes `n_steps` steps and folds the masks again; also returns the loss of each step.
    ///
    /// `loss` gets the module and the step and returns the loss of that step's batch, one number.
    ///
    /// # Errors
    ///
    /// If a mask does not fit the module, if the loss is not tracked by autodiff, or if it is not finite.
    pub fn run<M: Module>(
        mut self,
        module: M,
        masks: &MaskSet,
        n_steps: usize,
        mut loss: impl FnMut(&M, usize) -> Tensor<1>,
    ) -> Result<(M, Vec<f32>), PruneError> {
        let mut module = attach_masks(module, masks)?;
        let mut losses = Vec::with_capacity(n_steps);
        for step in 0..n_steps {
            let _span = tracing::debug_span!("fine_tune", step).entered();
            let batch_loss = loss(&module, step);
            let value = check_loss(&batch_loss, step)?;
            losses.push(value);
            let gradients = GradientsParams::from_grads(batch_loss.backward(), &module);
            module = self.optimizer.step(self.schedule.step(), module, gradients);
        }
        Ok((fold_masks(module), losses))
    }
}

fn check_loss(loss: &Tensor<1>, step: usize) -> Result<f32, PruneError> {
    if !loss.is_tracked() {
        return Err(PruneError::UntrackedLoss { step });
    }
    let value: f32 = loss.clone().into_scalar();
    if value.is_finite() {
        Ok(value)
    } else {
        Err(PruneError::NonFiniteLoss { step, value })
    }
}
