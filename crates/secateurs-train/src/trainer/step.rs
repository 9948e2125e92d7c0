//! The training loop's step.

use burn::module::Module;
use secateurs_tensor::MaskSet;

use super::config::{Residence, TrainConfig};
use super::gradients::{Gradients, MicroBatch};
use super::parameters;
use super::report::{StateBytes, StepReport};
use super::slopes::Slopes;
use crate::constraints::{Constraint, Force, Restraint, TrainedParameter};
use crate::error::{Result, TrainError};

/// Trains a module step by step while its weights are pruned.
///
/// With [`Constraint::Admm`] this is ELSA: minimise the loss `f(x)` so that `x` follows a pattern, by the alternation of
///
/// ```text
/// x: `interval` steps of Adam on f(x) + (lambda / 2) ||x - z + u||^2
/// z = Proj(x + u);  u = u + x - z
/// ```
///
/// and at the end `x = Proj(x)`. The penalty's gradient is added after clipping and passes Adam's moments. The first
/// sparse copy is `z = Proj(x)` at full sparsity, with `u = 0`; it is made again after the first step and after every
/// `interval` further ones.
///
/// State lives on the host unless [`Residence`] says otherwise; sparse copies and duals always do. All arithmetic is in
/// f32; what is stored in fewer bits is rounded when it is stored. With a quantised `z` the dual takes up the rounding error,
/// `u = x + u - z` with `z` as stored.
///
/// # Examples
///
/// The best vector with one entry of four for `f(x) = ||x - t||^2`:
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Tensor, TensorData};
/// use secateurs_train::{AdmmSettings, Constraint, Gradients, TrainConfig, Trainer};
/// use secateurs_tensor::{PathRules, read_weights};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let device = secateurs_testkit::device().autodiff();
/// let target = Tensor::<2>::from_floats([[0.1], [0.9], [0.3], [-0.2]], &device);
/// let linear = LinearConfig::new(4, 1).with_bias(false).init(&device);
/// let admm = AdmmSettings {
///     interval: 4,
///     ..AdmmSettings::new("75%".parse()?, PathRules::default())
/// };
/// let mut trainer = Trainer::new(linear, TrainConfig::new(400, 0.05, Constraint::Admm(admm)))?;
/// while !trainer.is_done() {
///     trainer.step(&mut |linear, batch| {
///         let loss = (linear.weight.val() - target.clone()).powi_scalar(2).sum();
///         Gradients::of(loss, linear, batch)
///     })?;
/// }
/// let (linear, _masks) = trainer.finish()?;
/// let (_, weight) = &read_weights(&linear, &PathRules::default())[0];
/// assert_eq!(weight.values().map_zeros(), [true, false, true, true]);
/// # trait MapZeros { fn map_zeros(&self) -> Vec<bool>; }
/// # impl MapZeros for [f32] { fn map_zeros(&self) -> Vec<bool> { self.iter().map(|v| *v == 0.0).collect() } }
/// assert!((weight.values()[1] - 0.9).abs() < 0.02);
/// # Ok(())
/// # }
/// ```
///
/// # References
///
/// ELSA, arXiv 2510.01650. **Deviates:** [`Proximal::Decoupled`](crate::Proximal::Decoupled) and global scope are ours; ties
/// and counts are exact; `u` is rescaled at once when `lambda` moves, so that `lambda u` stays; nothing is divided by the
/// number of processes.
pub struct Trainer<M> {
    /// The module; absent only while a step replaces it.
    pub(crate) module: Option<M>,
    pub(crate) config: TrainConfig,
    pub(crate) parameters: Vec<TrainedParameter>,
    pub(crate) step: usize,
    pub(crate) lambda: f64,
}

impl<M: Module> Trainer<M> {
    /// Prepares the training of `module`, whose parameters must be on an autodiff device.
    ///
    /// # Errors
    ///
    /// If a setting is out of its range, nothing can be trained or pruned, a mask fits no parameter, or the pattern does not
    /// divide a layer.
    pub fn new(module: M, config: TrainConfig) -> Result<Self> {
        config.check()?;
        let found = parameters::parameters(&module)?;
        if found.is_empty() {
            return Err(TrainError::NothingToTrain);
        }
        let mut trainer = Self {
            module: Some(module),
            parameters: found
                .into_iter()
                .map(|parameter| TrainedParameter::new(parameter, config.residence, config.adam.moments))
                .collect(),
            step: 0,
            lambda: 0.0,
            config,
        };
        match trainer.config.constraint.clone() {
            Constraint::Free => {}
            Constraint::Masks(masks) => trainer.attach(&masks)?,
            Constraint::Admm(settings) => trainer.split(&settings)?,
        }
        trainer.cast_anchors();
        Ok(trainer)
    }

    /// The module as trained so far.
    pub fn module(&self) -> &M {
        self.module.as_ref().expect("a step puts the module back")
    }

    /// Steps done.
    pub fn steps_done(&self) -> usize {
        self.step
    }

    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.step >= self.config.steps
    }

    /// Takes one step; `objective` derives the loss of each micro-batch.
    ///
    /// # Errors
    ///
    /// If the objective fails, or the loss or a gradient is not finite: the module is then as it was before the step. If the
    /// step itself leaves the finite numbers.
    ///
    /// # Panics
    ///
    /// If all steps are done.
    pub fn step(&mut self, objective: &mut dyn FnMut(&M, MicroBatch) -> Result<Gradients>) -> Result<StepReport> {
        assert!(!self.is_done(), "all {} steps are done", self.config.steps);
        let _span = tracing::debug_span!("train_step", step = self.step).entered();
        let (loss, mut gradients) = self.gradients(self.module(), objective)?;
        if self.config.sharpness > 0.0 {
            let perturbed = self.perturbed(&gradients);
            (_, gradients) = self.gradients(&perturbed, objective)?;
        }
        let gradient_norm = self.norm(&gradients)? / self.config.micro_batches as f64;
        let learning_rate = self.config.learning_rate.at(self.step, self.config.steps);
        self.descend(gradients, gradient_norm, learning_rate);
        let dual_update = match self.config.constraint.clone() {
            Constraint::Admm(settings) if self.step.is_multiple_of(settings.interval) => {
                let update = self.update_duals(&settings)?;
                self.cast_anchors();
                Some(update)
            }
            _ => None,
        };
        let report = StepReport {
            step: self.step,
            loss,
            gradient_norm,
            learning_rate,
            dual_update,
        };
        tracing::info!(
            step = report.step,
            loss,
            gradient_norm,
            learning_rate,
            "took a training step"
        );
        self.step += 1;
        Ok(report)
    }

    /// A copy of the module as it would be if training ended now.
    ///
    /// # Errors
    ///
    /// If a weight is not finite.
    pub fn projected(&self) -> Result<M> {
        Ok(self.pruned()?.0)
    }

    /// The pruned module and the masks of its surviving weights.
    ///
    /// # Errors
    ///
    /// If a weight is not finite.
    pub fn finish(self) -> Result<(M, MaskSet)> {
        let (module, masks) = self.pruned()?;
        let paths = self.parameters.iter().map(|trained| trained.parameter.path.clone());
        let masks = paths.zip(masks).filter_map(|(path, mask)| Some((path, mask?)));
        Ok((module, masks.collect()))
    }

    /// Bytes of training state.
    pub fn state_bytes(&self) -> StateBytes {
        let mut bytes = StateBytes::default();
        for trained in &self.parameters {
            bytes.n_parameters += trained.parameter.len();
            bytes.moments += trained.moments.n_bytes();
            if let Restraint::Split(copy) = &trained.restraint {
                bytes.n_constrained += trained.parameter.len();
                bytes.split += copy.values.n_bytes();
                bytes.split += trained
                    .anchor
                    .as_ref()
                    .map_or(0, |anchor| size_of::<f32>() * anchor.dims()[0]);
                bytes.dual += copy.dual.n_bytes();
            }
        }
        bytes
    }

    fn descend(&mut self, gradients: Slopes, norm: f64, learning_rate: f64) {
        let adam = self.config.adam.step(self.step + 1, learning_rate);
        let clip = self
            .config
            .max_norm
            .map_or(1.0, |max_norm| (max_norm / (norm + 1e-6)).min(1.0));
        let force = Force {
            scale: (clip / self.config.micro_batches as f64) as f32,
            lambda: self.lambda as f32,
            learning_rate: learning_rate as f32,
        };
        let module = self.module.take().expect("a step puts the module back");
        let parameters = &mut self.parameters;
        self.module = Some(match gradients {
            Slopes::None => module,
            Slopes::Host(mut gradients) => parameters::map(module, &mut |index, mut values| {
                parameters[index].descend(&mut values, &mut gradients[index], &adam, force);
                values
            }),
            Slopes::Device(gradients) => parameters::map_on_device(module, &mut |index, weights| {
                parameters[index].descend_on_device(weights, gradients[index].clone(), &adam, force)
            }),
        });
    }

    /// Tells the restraints on the device which weights are kept, where they need to know.
    pub(crate) fn cast_anchors(&mut self) {
        if self.config.residence == Residence::Device {
            self.parameters.iter_mut().for_each(TrainedParameter::cast_anchor);
        }
    }
}
