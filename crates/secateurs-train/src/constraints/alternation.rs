//! The sparse copies of a trainer: made at the start, made anew, and turned into the result.

use burn::module::Module;
use secateurs_tensor::{KeepMask, Scope, WeightLayout};

use super::admm::{AdmmSettings, Constraint, PenaltyScale, ProjectionMetric};
use super::projection::{self, Candidate};
use super::restraint::Restraint;
use super::sparse_copy::{Residuals, SparseCopy};
use super::trained::TrainedParameter;
use crate::error::{Result, TrainError};
use crate::states::{Stored, added, distance, masked};
use crate::trainer::{DualUpdate, Trainer, parameters};

impl<M: Module> Trainer<M> {
    /// Makes the first sparse copies.
    pub(crate) fn split(&mut self, settings: &AdmmSettings) -> Result<()> {
        for trained in &mut self.parameters {
            let layout = WeightLayout::of(&trained.parameter.shape);
            let layout = layout.filter(|_| settings.rules.selects(&trained.parameter.path));
            if let Some(layout) = layout {
                let len = trained.parameter.len();
                trained.restraint = Restraint::Split(SparseCopy {
                    values: Stored::zeros(settings.split_format, len),
                    dual: Stored::zeros(settings.dual_format, len),
                    unit: 1.0,
                    proximal: settings.proximal,
                    layout,
                });
            }
        }
        if !self
            .parameters
            .iter()
            .any(|trained| matches!(trained.restraint, Restraint::Split(_)))
        {
            return Err(TrainError::NothingToPrune);
        }
        self.lambda = settings.penalty.at(0, self.config.steps);
        let masks = self.supports(ProjectionMetric::Identity, true)?;
        let module = self.module.take().expect("a step puts the module back");
        parameters::read(&module, &mut |index, values| {
            if let (Restraint::Split(copy), Some(mask)) = (&mut self.parameters[index].restraint, &masks[index]) {
                let nearest = masked(&values, &copy.layout.to_stored(mask.as_slice()));
                copy.values.store(&nearest);
                if settings.penalty_scale == PenaltyScale::PerTensor {
                    copy.unit = (1.0 / (distance(&values, &nearest) + 1e-8)) as f32;
                }
            }
        });
        self.module = Some(module);
        Ok(())
    }

    /// Makes new sparse copies and duals.
    pub(crate) fn update_duals(&mut self, settings: &AdmmSettings) -> Result<DualUpdate> {
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
            if let (Restraint::Split(copy), Some(mask)) = (&mut self.parameters[index].restraint, &masks[index]) {
                let keep = copy.layout.to_stored(mask.as_slice());
                copy.update(&values, &keep, &mut sums);
                if rescale != 1.0 {
                    copy.dual.scale(rescale);
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
            "made a new sparse copy"
        );
        Ok(update)
    }

    /// Masks of the survivors of `x + u`, or of `x` alone, parameter by parameter.
    fn supports(&self, metric: ProjectionMetric, with_dual: bool) -> Result<Vec<Option<KeepMask>>> {
        let Constraint::Admm(settings) = &self.config.constraint else {
            return Ok(vec![None; self.parameters.len()]);
        };
        let mut masks = vec![None; self.parameters.len()];
        let mut candidates = Vec::new();
        let mut failure = None;
        parameters::read(self.module(), &mut |index, values| {
            let TrainedParameter { moments, restraint, .. } = &self.parameters[index];
            let Restraint::Split(copy) = restraint else { return };
            let candidate = Candidate {
                values: if with_dual { added(values, &copy.dual) } else { values },
                second_moment: metric.needs_moment().then(|| moments.second()),
                layout: copy.layout,
            };
            candidates.push((index, candidate));
            // Layers that do not compete need not wait for each other in memory.
            if settings.scope != Scope::Global && failure.is_none() {
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
    ) -> Result<()> {
        if candidates.is_empty() {
            return Ok(());
        }
        let (indices, candidates): (Vec<usize>, Vec<Candidate>) = candidates.drain(..).unzip();
        let path = &self.parameters[indices[0]].parameter.path;
        let at_parameter = |source| TrainError::Parameter {
            path: path.clone(),
            source,
        };
        let found = projection::supports(candidates.into_iter(), settings.pattern, settings.scope);
        for (index, mask) in indices.into_iter().zip(found.map_err(at_parameter)?) {
            masks[index] = Some(mask);
        }
        Ok(())
    }

    pub(crate) fn pruned(&self) -> Result<(M, Vec<Option<KeepMask>>)> {
        if let Some(path) = self.spoilt_parameter() {
            return Err(TrainError::NonFiniteWeights { step: self.step, path });
        }
        let masks = match &self.config.constraint {
            Constraint::Admm(settings) => self.supports(settings.metric, false)?,
            Constraint::Masks(masks) => {
                let paths = self.parameters.iter().map(|trained| &trained.parameter.path);
                paths.map(|path| masks.get(path).cloned()).collect()
            }
            Constraint::Free => vec![None; self.parameters.len()],
        };
        let module = parameters::map(self.module().clone(), &mut |index, values| {
            let layout = WeightLayout::of(&self.parameters[index].parameter.shape);
            match layout.zip(masks[index].as_ref()) {
                Some((layout, mask)) => masked(&values, &layout.to_stored(mask.as_slice())),
                None => values,
            }
        });
        Ok((module, masks))
    }
}
