//! The training loop's step.

use burn::module::Module;
use rayon::prelude::*;
use secateurs_tensor::{KeepMask, MaskSet, TensorError, linear_paths};

use super::adam::{AdamSettings, AdamStep};
use super::blockwise::BLOCK;
use super::constraint::{AdmmSettings, Constraint, PenaltyScale, ProjectionMetric};
use super::gradients::{Batch, Gradients};
use super::moments::Moments;
use super::parameters::{self, Parameter};
use super::project::{self, Candidate};
use super::report::{DualUpdate, StateBytes, StepReport};
use super::schedule::{LearningRate, bad};
use super::state::{StateSlice, StateSliceMut};
use super::stored::{Stored, TASK};
use crate::PruneError;

/// How a module is trained.
#[derive(Debug, Clone)]
pub struct TrainConfig {
    /// Number of steps.
    pub steps: usize,
    /// Micro-batches whose gradients are averaged in a step.
    pub micro_batches: usize,
    /// Learning rate of each step.
    pub learning_rate: LearningRate,
    /// Adam.
    pub adam: AdamSettings,
    /// The gradient of all parameters together is shortened to this norm, before the penalty is added.
    pub max_norm: Option<f64>,
    /// Radius of sharpness-aware minimisation (arXiv 2010.01412): the gradient is taken at `x + r g / ||g||`; 0 for none.
    pub sharpness: f64,
    /// What happens to the weights that are to go.
    pub constraint: Constraint,
}

impl TrainConfig {
    /// `steps` steps of one batch each, with ELSA's other defaults: Adam without decay, norm 1, linear decay to 0.
    pub fn new(steps: usize, learning_rate: f64, constraint: Constraint) -> Self {
        Self {
            steps,
            micro_batches: 1,
            learning_rate: LearningRate::linear(learning_rate),
            adam: AdamSettings::default(),
            max_norm: Some(1.0),
            sharpness: 0.0,
            constraint,
        }
    }

    fn check(&self) -> Result<(), PruneError> {
        if self.steps == 0 {
            return Err(bad("steps", "at least 1", 0.0));
        }
        if self.micro_batches == 0 {
            return Err(bad("micro-batches", "at least 1", 0.0));
        }
        for (setting, value) in [
            ("maximum norm", self.max_norm.unwrap_or(1.0)),
            ("sharpness", self.sharpness + 1.0),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(bad(setting, "a finite number above 0", value));
            }
        }
        self.learning_rate.check(self.steps)?;
        self.adam.check()?;
        match &self.constraint {
            Constraint::Admm(settings) => settings.check(),
            _ => Ok(()),
        }
    }
}

/// Trains a module step by step while its weights go.
///
/// With [`Constraint::Admm`] this is ELSA: minimise the loss `f(x)` so that `x` follows a pattern, by the alternation of
///
/// ```text
/// x: `interval` steps of Adam on f(x) + (lambda / 2) ||x - z + u||^2
/// z = Proj(x + u);  u = u + x - z
/// ```
///
/// and at the end `x = Proj(x)`. The penalty's gradient is added after clipping and goes through Adam's moments. The
/// first sparse copy is `z = Proj(x)` at full sparsity, with `u = 0`; it is made again after the first step and after
/// every `interval` further ones.
///
/// State lives on the host, whatever the device of the module: weights and gradients cross the bus at every step, and the
/// device holds no state at all. All arithmetic is in f32; what is stored in fewer bits is rounded when it is stored. With
/// a quantised `z` the dual takes up the rounding error, `u = x + u - z` with `z` as stored.
///
/// # Examples
///
/// The best vector with one entry of four for `f(x) = ||x - t||^2`:
///
/// ```
/// use burn::nn::LinearConfig;
/// use burn::tensor::{Tensor, TensorData};
/// use secateurs_prune::{AdmmSettings, Constraint, Gradients, TrainConfig, Trainer};
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
/// ELSA, arXiv 2510.01650. **Deviates:** ties and counts are exact; `u` is rescaled at once when `lambda` moves, so that
/// `lambda u` stays; nothing is divided by the number of processes.
pub struct Trainer<M> {
    /// Absent only while a step replaces it.
    module: Option<M>,
    config: TrainConfig,
    parameters: Vec<Trained>,
    step: usize,
    lambda: f64,
}

/// A parameter with the state of its training.
struct Trained {
    parameter: Parameter,
    moments: Moments,
    hold: Hold,
}

/// What keeps weights from going where the loss wants them.
enum Hold {
    Free,
    /// In burn's layout.
    Masked(Vec<bool>),
    Split(Split),
}

/// The sparse copy of a tensor and its dual, in burn's layout.
struct Split {
    sparse: Stored,
    dual: Stored,
    /// What one unit of the penalty is.
    unit: f32,
    /// `[d_output, d_input]`
    dims: [usize; 2],
}

impl<M: Module> Trainer<M> {
    /// Prepares the training of `module`, whose parameters live on an autodiff device.
    ///
    /// # Errors
    ///
    /// If a setting is out of its range, nothing can be trained or pruned, a mask fits no parameter, or the pattern does not
    /// divide a layer.
    pub fn new(module: M, config: TrainConfig) -> Result<Self, PruneError> {
        config.check()?;
        let found = parameters::parameters(&module)?;
        if found.is_empty() {
            return Err(PruneError::NothingToTrain);
        }
        let mut trainer = Self {
            module: Some(module),
            parameters: found
                .into_iter()
                .map(|parameter| Trained {
                    moments: Moments::zeros(config.adam.moments, parameter.len()),
                    hold: Hold::Free,
                    parameter,
                })
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
    /// If the objective fails, or the loss or a gradient is not finite; the module is then as it was before the step.
    ///
    /// # Panics
    ///
    /// If all steps are done.
    pub fn step(
        &mut self,
        objective: &mut dyn FnMut(&M, Batch) -> Result<Gradients, PruneError>,
    ) -> Result<StepReport, PruneError> {
        assert!(!self.is_done(), "all {} steps are done", self.config.steps);
        let _span = tracing::debug_span!("train_step", step = self.step).entered();
        let (loss, mut gradients) = self.gradients(self.module(), objective)?;
        if self.config.sharpness > 0.0 {
            let perturbed = self.perturbed(&gradients);
            (_, gradients) = self.gradients(&perturbed, objective)?;
        }
        let gradient_norm = self.norm(&gradients)? / self.config.micro_batches as f64;
        let learning_rate = self.config.learning_rate.at(self.step, self.config.steps);
        self.descend(&mut gradients, gradient_norm, learning_rate);
        let dual_update = match self.config.constraint.clone() {
            Constraint::Admm(settings) if self.step.is_multiple_of(settings.interval) => {
                Some(self.update_duals(&settings)?)
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
        tracing::info!(step = report.step, loss, gradient_norm, learning_rate, "trained");
        self.step += 1;
        Ok(report)
    }

    /// A copy of the module as it would be if training ended now.
    ///
    /// # Errors
    ///
    /// If a weight is NaN.
    pub fn projected(&self) -> Result<M, PruneError> {
        Ok(self.pruned()?.0)
    }

    /// The pruned module and what survives of it.
    ///
    /// # Errors
    ///
    /// If a weight is NaN.
    pub fn finish(self) -> Result<(M, MaskSet), PruneError> {
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
            if let Hold::Split(split) = &trained.hold {
                bytes.n_constrained += trained.parameter.len();
                bytes.split += split.sparse.n_bytes();
                bytes.dual += split.dual.n_bytes();
            }
        }
        bytes
    }

    /// Shows everything that [`restored`](Self::restored) needs, piece by piece under names.
    pub fn visit_state(&self, visit: &mut dyn FnMut(&str, StateSlice<'_>)) {
        parameters::read(self.module(), &mut |index, values| {
            let path = &self.parameters[index].parameter.path;
            visit(&format!("{path}.weights"), StateSlice::F32(&values));
        });
        for Trained {
            parameter,
            moments,
            hold,
        } in &self.parameters
        {
            moments.visit(&parameter.path, visit);
            if let Hold::Split(split) = hold {
                split.sparse.visit(&format!("{}.sparse_copy", parameter.path), visit);
                split.dual.visit(&format!("{}.dual", parameter.path), visit);
            }
        }
    }

    /// The same trainer after `steps_done` steps, with what [`visit_state`](Self::visit_state) showed then.
    ///
    /// The trainer must have been made of the same module with the same settings.
    ///
    /// # Errors
    ///
    /// With the first error of `read`.
    pub fn restored<E>(
        mut self,
        steps_done: usize,
        read: &mut dyn FnMut(&str, StateSliceMut<'_>) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut failure = None;
        let mut fill = |name: &str, slice: StateSliceMut<'_>| {
            if failure.is_none() {
                failure = read(name, slice).err();
            }
        };
        let module = self.module.take().expect("a step puts the module back");
        let paths: Vec<&str> = self.parameters.iter().map(|t| t.parameter.path.as_str()).collect();
        let module = parameters::map(module, &mut |index, mut values| {
            fill(&format!("{}.weights", paths[index]), StateSliceMut::F32(&mut values));
            values
        });
        for Trained {
            parameter,
            moments,
            hold,
        } in &mut self.parameters
        {
            moments.visit_mut(&parameter.path, &mut fill);
            if let Hold::Split(split) = hold {
                let name = |part: &str| format!("{}.{part}", parameter.path);
                split.sparse.visit_mut(&name("sparse_copy"), &mut fill);
                split.dual.visit_mut(&name("dual"), &mut fill);
            }
        }
        self.module = Some(module);
        self.step = steps_done;
        if let (Constraint::Admm(settings), Some(last)) = (&self.config.constraint, steps_done.checked_sub(1)) {
            let last_update = last - last % settings.interval;
            self.lambda = settings.penalty.at(last_update, self.config.steps);
        }
        failure.map_or(Ok(self), Err)
    }

    fn attach(&mut self, masks: &MaskSet) -> Result<(), PruneError> {
        for (path, mask) in masks {
            let trained = self.parameters.iter_mut().find(|t| t.parameter.path == *path);
            let trained = trained.ok_or_else(|| TensorError::UnknownParameter { path: path.clone() })?;
            let [d_output, d_input] = mask.dims();
            if trained.parameter.shape != [d_input, d_output] {
                let expected = trained.parameter.shape.iter().rev().copied().collect::<Vec<_>>();
                return Err(TensorError::ParameterMismatch {
                    path: path.clone(),
                    expected: [expected[0], expected.get(1).copied().unwrap_or(1)],
                    got: mask.dims(),
                }
                .into());
            }
            trained.hold = Hold::Masked(project::to_burn(mask));
        }
        let held: Vec<&Hold> = self.parameters.iter().map(|trained| &trained.hold).collect();
        let module = self.module.take().expect("a step puts the module back");
        self.module = Some(parameters::map(module, &mut |index, mut values| {
            held[index].settle(0, &mut values);
            values
        }));
        Ok(())
    }

    /// Makes the first sparse copies.
    fn split(&mut self, settings: &AdmmSettings) -> Result<(), PruneError> {
        let selected = linear_paths(self.module(), &settings.rules);
        for trained in &mut self.parameters {
            let Parameter { path, shape } = &trained.parameter;
            if selected.contains(path) {
                let len = trained.parameter.len();
                trained.hold = Hold::Split(Split {
                    sparse: Stored::zeros(settings.split_format, len),
                    dual: Stored::zeros(settings.dual_format, len),
                    unit: 1.0,
                    dims: [shape[1], shape[0]],
                });
            }
        }
        if !self
            .parameters
            .iter()
            .any(|trained| matches!(trained.hold, Hold::Split(_)))
        {
            return Err(PruneError::NothingToPrune);
        }
        self.lambda = settings.penalty.at(0, self.config.steps);
        let masks = self.supports(ProjectionMetric::Identity, true)?;
        let module = self.module.take().expect("a step puts the module back");
        parameters::read(&module, &mut |index, values| {
            if let (Hold::Split(split), Some(mask)) = (&mut self.parameters[index].hold, &masks[index]) {
                let copy = masked(&values, &project::to_burn(mask));
                split.sparse.store(&copy);
                if settings.penalty_scale == PenaltyScale::PerTensor {
                    split.unit = (1.0 / (distance(&values, &copy) + 1e-8)) as f32;
                }
            }
        });
        self.module = Some(module);
        Ok(())
    }

    /// Mean loss of the micro-batches and the sum of their gradients.
    fn gradients(
        &self,
        module: &M,
        objective: &mut dyn FnMut(&M, Batch) -> Result<Gradients, PruneError>,
    ) -> Result<(f64, Vec<Vec<f32>>), PruneError> {
        let mut sums = Vec::new();
        let mut loss = 0.0;
        for micro in 0..self.config.micro_batches {
            let index = self.step * self.config.micro_batches + micro;
            let step = self.step;
            let gradients = objective(module, Batch { step, micro, index })?;
            if !gradients.loss.is_finite() {
                return Err(self.diverged(gradients.loss));
            }
            loss += f64::from(gradients.loss) / self.config.micro_batches as f64;
            parameters::add_gradients(module, gradients.parameters, &mut sums);
        }
        Ok((loss, sums))
    }

    /// Says which weights make the loss infinite, if it is weights.
    fn diverged(&self, loss: f32) -> PruneError {
        let mut culprit = None;
        parameters::read(self.module(), &mut |index, values| {
            if culprit.is_none() && !values.iter().all(|value| value.is_finite()) {
                culprit = Some(self.parameters[index].parameter.path.clone());
            }
        });
        PruneError::Diverged {
            step: self.step,
            loss,
            parameter: culprit,
        }
    }

    /// Norm of all gradients together, as they are.
    fn norm(&self, gradients: &[Vec<f32>]) -> Result<f64, PruneError> {
        let mut total = 0.0;
        for (gradient, trained) in gradients.iter().zip(&self.parameters) {
            let sum = squares(gradient);
            if !sum.is_finite() {
                return Err(PruneError::NonFiniteGradient {
                    step: self.step,
                    path: trained.parameter.path.clone(),
                });
            }
            total += sum;
        }
        Ok(total.sqrt())
    }

    /// The module moved to where the loss is highest nearby.
    fn perturbed(&self, gradients: &[Vec<f32>]) -> M {
        let norm = gradients.iter().map(|gradient| squares(gradient)).sum::<f64>().sqrt();
        let factor = (self.config.sharpness / (norm + 1e-12)) as f32;
        parameters::map(self.module().clone(), &mut |index, mut values| {
            let pairs = values.iter_mut().zip(&gradients[index]);
            pairs.for_each(|(value, gradient)| *value += factor * gradient);
            self.parameters[index].hold.settle(0, &mut values);
            values
        })
    }

    fn descend(&mut self, gradients: &mut [Vec<f32>], norm: f64, learning_rate: f64) {
        let adam = self.config.adam.step(self.step + 1, learning_rate);
        let clip = self
            .config
            .max_norm
            .map_or(1.0, |max_norm| (max_norm / (norm + 1e-6)).min(1.0));
        let pull = Pull {
            scale: (clip / self.config.micro_batches as f64) as f32,
            lambda: self.lambda as f32,
        };
        let module = self.module.take().expect("a step puts the module back");
        let parameters = &mut self.parameters;
        self.module = Some(parameters::map(module, &mut |index, mut values| {
            parameters[index].descend(&mut values, &mut gradients[index], &adam, pull);
            values
        }));
    }

    /// New sparse copies and duals.
    fn update_duals(&mut self, settings: &AdmmSettings) -> Result<DualUpdate, PruneError> {
        let masks = self.supports(settings.metric, true)?;
        let next_lambda = settings.penalty.at(self.step, self.config.steps);
        let rescale = if next_lambda == self.lambda {
            1.0
        } else {
            (self.lambda / next_lambda) as f32
        };
        let mut sums = Residuals::default();
        let module = self.module.take().expect("a step puts the module back");
        parameters::read(&module, &mut |index, values| {
            if let (Hold::Split(split), Some(mask)) = (&mut self.parameters[index].hold, &masks[index]) {
                split.update(&values, &project::to_burn(mask), &mut sums);
                if rescale != 1.0 {
                    split.dual.scale(rescale);
                }
            }
        });
        self.module = Some(module);
        let update = DualUpdate {
            primal: sums.primal.sqrt(),
            relative_primal: (sums.primal / sums.weights.max(f64::MIN_POSITIVE)).sqrt(),
            dual: self.lambda * sums.moved.sqrt(),
            mask_change: sums.n_changed as f64 / sums.n_weights.max(1) as f64,
            lambda: next_lambda,
        };
        self.lambda = next_lambda;
        tracing::info!(
            step = self.step,
            primal = update.primal,
            relative_primal = update.relative_primal,
            dual = update.dual,
            mask_change = update.mask_change,
            lambda = update.lambda,
            "sparse copy"
        );
        Ok(update)
    }

    /// What would survive of `x + u`, or of `x` alone, parameter by parameter.
    fn supports(&self, metric: ProjectionMetric, with_dual: bool) -> Result<Vec<Option<KeepMask>>, PruneError> {
        let Constraint::Admm(settings) = &self.config.constraint else {
            return Ok(vec![None; self.parameters.len()]);
        };
        let mut masks = vec![None; self.parameters.len()];
        let mut candidates = Vec::new();
        let mut failure = None;
        parameters::read(self.module(), &mut |index, values| {
            let Trained { moments, hold, .. } = &self.parameters[index];
            let Hold::Split(split) = hold else { return };
            let candidate = Candidate {
                values: if with_dual { added(values, &split.dual) } else { values },
                second_moment: metric.needs_moment().then(|| moments.second()),
                dims: split.dims,
            };
            candidates.push((index, candidate));
            // Layers that do not compete need not wait for each other in memory.
            if settings.scope != secateurs_tensor::Scope::Global && failure.is_none() {
                failure = self.select(&mut candidates, settings, &mut masks).err();
            }
        });
        failure.map_or(Ok(()), Err)?;
        self.select(&mut candidates, settings, &mut masks)?;
        Ok(masks)
    }

    fn select(
        &self,
        candidates: &mut Vec<(usize, Candidate)>,
        settings: &AdmmSettings,
        masks: &mut [Option<KeepMask>],
    ) -> Result<(), PruneError> {
        if candidates.is_empty() {
            return Ok(());
        }
        let (indices, candidates): (Vec<usize>, Vec<Candidate>) = candidates.drain(..).unzip();
        let path = &self.parameters[indices[0]].parameter.path;
        let found = project::supports(candidates.into_iter(), settings.pattern, settings.scope);
        for (index, mask) in indices.into_iter().zip(found.map_err(PruneError::at(path))?) {
            masks[index] = Some(mask);
        }
        Ok(())
    }

    fn pruned(&self) -> Result<(M, Vec<Option<KeepMask>>), PruneError> {
        let masks = match &self.config.constraint {
            Constraint::Admm(settings) => self.supports(settings.metric, false)?,
            Constraint::Masks(masks) => {
                let paths = self.parameters.iter().map(|trained| &trained.parameter.path);
                paths.map(|path| masks.get(path).cloned()).collect()
            }
            Constraint::Free => vec![None; self.parameters.len()],
        };
        let module = parameters::map(self.module().clone(), &mut |index, values| match &masks[index] {
            Some(mask) => masked(&values, &project::to_burn(mask)),
            None => values,
        });
        Ok((module, masks))
    }
}

/// What a step does to gradients.
#[derive(Clone, Copy)]
struct Pull {
    /// Averages micro-batches and clips.
    scale: f32,
    lambda: f32,
}

impl Trained {
    fn descend(&mut self, values: &mut [f32], gradient: &mut [f32], adam: &AdamStep, pull: Pull) {
        let hold = &self.hold;
        let tasks = values
            .par_chunks_mut(TASK)
            .zip(gradient.par_chunks_mut(TASK))
            .zip(self.moments.parts(TASK));
        tasks.enumerate().for_each(|(task, ((values, gradient), mut moments))| {
            let blocks = values.chunks_mut(BLOCK).zip(gradient.chunks_mut(BLOCK));
            for (block, (values, gradient)) in blocks.enumerate() {
                let start = task * TASK + block * BLOCK;
                hold.pull(start, values, gradient, pull);
                moments.update(block, |first, second| adam.apply(values, gradient, first, second));
                hold.settle(start, values);
            }
        });
    }
}

impl Hold {
    /// Scales the gradient of the weights from `start` on and adds that of the penalty.
    fn pull(&self, start: usize, values: &[f32], gradient: &mut [f32], pull: Pull) {
        match self {
            Self::Free => gradient.iter_mut().for_each(|g| *g *= pull.scale),
            Self::Masked(keep) => {
                for (g, keep) in gradient.iter_mut().zip(&keep[start..]) {
                    *g = if *keep { *g * pull.scale } else { 0.0 };
                }
            }
            Self::Split(split) => {
                let (mut z, mut u) = ([0.0; BLOCK], [0.0; BLOCK]);
                let (z, u) = (&mut z[..values.len()], &mut u[..values.len()]);
                split.sparse.load(start, z);
                split.dual.load(start, u);
                let lambda = pull.lambda * split.unit;
                for (((g, x), z), u) in gradient.iter_mut().zip(values).zip(z).zip(u) {
                    *g = *g * pull.scale + lambda * (x - *z + *u);
                }
            }
        }
    }

    /// Zeros what a mask prunes.
    fn settle(&self, start: usize, values: &mut [f32]) {
        if let Self::Masked(keep) = self {
            for (value, keep) in values.iter_mut().zip(&keep[start..]) {
                if !*keep {
                    *value = 0.0;
                }
            }
        }
    }
}

/// Sums over tensors.
#[derive(Default)]
struct Residuals {
    primal: f64,
    weights: f64,
    moved: f64,
    n_changed: usize,
    n_weights: usize,
}

impl Split {
    fn update(&mut self, values: &[f32], keep: &[bool], sums: &mut Residuals) {
        let before = self.sparse.to_vec();
        let mut wanted = added(values.to_vec(), &self.dual);
        self.sparse.store(&masked(&wanted, keep));
        let sparse = self.sparse.to_vec();
        wanted.par_iter_mut().zip(&sparse).for_each(|(wanted, z)| *wanted -= z);
        self.dual.store(&wanted);
        sums.primal += distance(values, &sparse).powi(2);
        sums.weights += squares(values);
        sums.moved += distance(&sparse, &before).powi(2);
        let changed = before
            .par_iter()
            .zip(keep)
            .filter(|(before, keep)| (**before != 0.0) != **keep);
        sums.n_changed += changed.count();
        sums.n_weights += values.len();
    }
}

fn added(mut values: Vec<f32>, dual: &Stored) -> Vec<f32> {
    values.par_chunks_mut(TASK).enumerate().for_each(|(task, values)| {
        let mut u = [0.0; BLOCK];
        for (block, values) in values.chunks_mut(BLOCK).enumerate() {
            let u = &mut u[..values.len()];
            dual.load(task * TASK + block * BLOCK, u);
            values.iter_mut().zip(u).for_each(|(value, u)| *value += *u);
        }
    });
    values
}

fn masked(values: &[f32], keep: &[bool]) -> Vec<f32> {
    // A kept zero loses its sign.
    let kept = |(value, keep): (&f32, &bool)| if *keep { value + 0.0 } else { 0.0 };
    values.par_iter().zip(keep).map(kept).collect()
}

/// The sum of squares, in a fixed order.
fn squares(values: &[f32]) -> f64 {
    sum_of(values, values, |a, _| f64::from(a) * f64::from(a))
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    sum_of(a, b, |a, b| (f64::from(a) - f64::from(b)).powi(2)).sqrt()
}

fn sum_of(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f64 + Sync) -> f64 {
    let sums: Vec<f64> = a
        .par_chunks(TASK)
        .zip(b.par_chunks(TASK))
        .map(|(a, b)| a.iter().zip(b).map(|(a, b)| term(*a, *b)).sum())
        .collect();
    sums.iter().sum()
}
